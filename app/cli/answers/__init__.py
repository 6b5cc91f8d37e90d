"""What the API answers, as the command line reads it."""
