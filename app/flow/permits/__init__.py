"""Permits of one flow key within one worker: who waits for them, and which are held and kept."""
