"""``make fuzz``: every route is called with what nobody should send, by schemathesis."""
