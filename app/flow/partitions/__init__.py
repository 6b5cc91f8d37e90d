"""Limits of each partition (a tenant, an account) of a flow key, beside those of the key."""
