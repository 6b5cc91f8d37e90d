"""What a worker has in hand: how many items, of which priorities, and whose turn it is."""
