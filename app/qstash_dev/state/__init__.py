"""What the server holds: messages, flow-control keys, queues, schedules, dead letters, logs."""
