"""Files of answers that do not come as they should."""
