"""Requests that wait for a provider's batch, and the batches that they went into."""
