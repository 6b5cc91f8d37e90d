"""The three layers, and the contract that a family's author sees."""
