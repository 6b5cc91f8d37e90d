"""Step values as JSON, and back to equal values."""
