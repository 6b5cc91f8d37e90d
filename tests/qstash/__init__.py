"""The service with QStash as its engine, over real HTTP both ways."""
