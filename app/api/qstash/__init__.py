"""What QStash calls: signed, and known by that alone."""
