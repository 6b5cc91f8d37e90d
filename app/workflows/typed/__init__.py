"""Starting runs from one's own code, with the family's own types."""
