"""Sluice: batch jobs over many items."""

__version__ = "0.1.0"

# copier: filter replace("sluice", project_name)
SERVICE = "sluice"
# copier: endfilter
"""By which services that share a Redis are told apart."""
