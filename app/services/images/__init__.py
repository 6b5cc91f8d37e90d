"""Painting images: an endpoint that speaks OpenAI's API, or a local painter."""
