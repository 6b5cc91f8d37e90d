"""Events that others send, and the runs that come of them."""
