"""The same job done by Sluice and by its peers, side by side. ``make bench-peers`` does it."""
