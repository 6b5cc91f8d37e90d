"""Durable steps inside one item."""
