"""Where settings are read from, and which Sluice has."""
