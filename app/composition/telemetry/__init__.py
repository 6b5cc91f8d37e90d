"""What is counted and traced, made as the settings say."""
