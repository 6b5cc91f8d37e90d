"""What was raised, in words, and how long is waited before the next try."""
