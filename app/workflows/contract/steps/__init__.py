"""What an item does step by step, and what stands behind it."""
