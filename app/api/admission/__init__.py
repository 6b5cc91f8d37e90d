"""How much of the service one caller may have at once."""
