"""What runs in a peer's own environment, which has neither Sluice nor what Sluice needs."""
