"""A run's life: request, start, control, end, repair."""
