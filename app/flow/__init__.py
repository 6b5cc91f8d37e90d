"""Flow control: how much of a flow key's work may be under way, and how fast it may start."""
