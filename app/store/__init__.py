"""All SQL. Functions take the caller's connection; the caller opens and commits its transaction."""
