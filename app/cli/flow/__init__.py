"""Flow control from the command line."""
