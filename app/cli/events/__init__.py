"""``sluice event``: what others have told the service."""
