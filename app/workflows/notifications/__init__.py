"""Telling people what happens to runs: who is told, in which form, and the sender."""
