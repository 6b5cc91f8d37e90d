"""What the service counts and measures of itself, for whoever scrapes it. Nothing else depends on
it."""
