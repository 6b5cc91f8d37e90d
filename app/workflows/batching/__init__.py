"""Many items' calls as one."""
