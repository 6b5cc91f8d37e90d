"""Steps, suspended items and their output in the database."""
