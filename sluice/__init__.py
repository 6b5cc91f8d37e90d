"""A client of a Sluice service. ``sluice.client`` is the one import path of callers.

It needs httpx2 and pydantic, and nothing of the service's own code.
"""
