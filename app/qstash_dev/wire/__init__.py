"""What stands in headers, addresses and queries, read and written as QStash does."""
