"""The users, agents, scenes and posts with which a new installation starts, and their reader."""
