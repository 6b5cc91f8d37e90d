"""Writers that need no network: the same texts for the same input."""
