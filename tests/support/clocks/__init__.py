"""What tests measure time by, or have in its place."""
