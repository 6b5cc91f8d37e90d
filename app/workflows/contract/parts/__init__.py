"""The small classes that a family is declared with."""
