"""Items whose partitions have limits."""
