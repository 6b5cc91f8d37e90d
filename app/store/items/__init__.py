"""Items in the database: pages, outcomes, lists, failures."""
