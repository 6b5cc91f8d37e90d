"""What a worker takes, without a queue."""
