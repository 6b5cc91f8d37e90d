"""The worker process: what it delivers, and what runs beside."""
