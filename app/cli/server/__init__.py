"""The processes that the command line starts: the API and workers."""
