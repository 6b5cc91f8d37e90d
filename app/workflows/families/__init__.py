"""One file per job family: the only place that a new family touches."""
