"""What operators watch: coverage, samples, flow limits, living workers."""
