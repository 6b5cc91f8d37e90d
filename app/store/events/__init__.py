"""Events that others have sent, and the items that they ask for: the rows."""
