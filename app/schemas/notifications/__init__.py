"""What callers send about notifications, and what they are shown."""
