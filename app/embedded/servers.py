"""Which Postgres and which Valkey the service works on: those that are given, or embedded ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from app.config.sluice_settings import SluiceSettings
from app.configured_secrets import know_url, redactor_of
from app.embedded import hold
from app.redaction.redactor import IN_USE


@dataclass(frozen=True, slots=True)
class Urls:
    """Where the servers are, whether they were given or are our own."""

    database: str
    redis: str
    listen: str = ""
    """The same database without a pooler in transaction mode; "": ``database`` is without one."""

    @property
    def direct(self) -> str:
        """For what listens, holds a lock of its session, or changes the tables."""
        return self.listen or self.database


@contextmanager
def servers(settings: SluiceSettings, *, with_redis: bool = True) -> Iterator[Urls]:
    """The given servers, or embedded ones for as long as the context is open.

    From then on what the process says holds no password of theirs: the redactor in use knows it,
    also once they are closed, when an error is told.
    """
    redactor = IN_USE.get()
    if redactor is None:
        redactor = redactor_of(settings)
        IN_USE.set(redactor)
    with ExitStack() as stack:
        database, redis = settings.database_url, settings.redis_url
        if not with_redis:
            redis = ""
        if database is None or redis is None:
            own = stack.enter_context(
                hold(settings.data_dir, postgres=database is None, valkey=redis is None)
            )
            database, redis = database or own.database_url, redis or own.redis_url
        for url in (database, redis):
            know_url(redactor, url)
        yield Urls(database, redis, settings.listen_url or "")
