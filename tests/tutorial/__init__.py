"""Does what the tutorial says, as it stands."""
