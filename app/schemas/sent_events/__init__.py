"""Events that others send: what callers send, and what they are shown."""
