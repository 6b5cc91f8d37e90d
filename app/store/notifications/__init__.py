"""Who is told what happens to runs, and what they are told: the rows."""
