"""How long a test waits for what must come."""

PATIENCE = 60.0
"""Seconds after which a wait is given up. They mean "for ever", and no more: beside others, a
machine may take ten times as long for anything. A test that is about promptness compares with what
lies beside it, or has the machine to itself (``alone``)."""
