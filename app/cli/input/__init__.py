"""What is typed: params, ids, durations, run options."""
