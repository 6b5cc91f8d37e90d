"""A sample before the run: what a few of its items would come to, and the whole from that."""
