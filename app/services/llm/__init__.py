"""Texts from a language model, and the prompts of the example families."""
