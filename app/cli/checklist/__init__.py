"""``sluice check``."""
