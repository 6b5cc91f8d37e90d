"""When families run by themselves, on the command line."""
