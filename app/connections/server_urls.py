"""Where Postgres and Redis are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Urls:
    """Where the servers are, whether they were given or are our own."""

    database: str
    redis: str
    listen: str = ""
    """The same database without a pooler in transaction mode; "": ``database`` is without one."""

    @property
    def direct(self) -> str:
        """The URL for connections that listen, hold a session lock, or change the tables."""
        return self.listen or self.database
