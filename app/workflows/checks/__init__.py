"""The checklist of a job family as code: what is missing in it, or unwise, before it runs."""
