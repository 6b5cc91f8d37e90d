"""What the command line has for the example families: it goes with them."""
