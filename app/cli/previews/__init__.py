"""``sluice preview``: executing, and saving nothing."""
