"""What is printed: tables, progress, summaries."""
