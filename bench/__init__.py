"""Benchmarks. The tests never run them; `make bench-spine` does."""
