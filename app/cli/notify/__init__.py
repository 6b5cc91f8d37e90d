"""``sluice notify``: who is told what happens to runs."""
