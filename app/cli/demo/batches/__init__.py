"""The demonstration of a provider's Batch API, and a provider that speaks it."""
