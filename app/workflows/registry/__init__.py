"""Finding, validating and binding the job families."""
