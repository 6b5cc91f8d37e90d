"""The people with which a new installation starts, and the reader of files like theirs."""
