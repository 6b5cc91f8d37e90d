"""The tables of job families, one file for each family that has some. A file here is found by its
place: see ``app.declared_tables``."""
