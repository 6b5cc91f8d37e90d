"""A sample of a run's items, executed and not saved."""
