"""Where metrics are scraped."""
