"""How soon a run's work begins beside that of others: a whole number, a higher one is sooner."""

from __future__ import annotations

LOWEST, HIGHEST = 0, 9
ORDINARY = 5
"""In the middle: there is something below it for bulk work, and something above it for urgent
work, and nobody has to raise everything else."""
BULK = 2
"""Of a backfill's runs, whose families say nothing lower."""
LEVELS = HIGHEST + 1
BULK_SHARE = 0.1
"""Of what begins, for lower priorities than the highest one that waits."""
WHOLE = 1_000_000
"""Parts of a start, in which shares are counted: tenths that are added up make one."""
