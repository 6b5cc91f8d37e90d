"""What operators see to, beside runs."""
