"""What the author of a job family sees; ``app.workflows.family`` exports it."""
