"""Events that others send."""
