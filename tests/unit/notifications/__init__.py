"""What notifications may be sent to, and in which form."""
