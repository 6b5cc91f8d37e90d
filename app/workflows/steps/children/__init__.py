"""Items and runs of other families that a step begins."""
