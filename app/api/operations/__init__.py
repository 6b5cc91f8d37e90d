"""Routes for operators: families, schedules, backfills, flow control, health."""
