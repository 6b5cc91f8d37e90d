"""HTTP calls of services: the JSON client, what an endpoint may be, certificates."""
