"""Which Postgres and which Valkey the service works on: those that are given, or embedded ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import structlog

from app.config.environment import nearly_set
from app.config.sluice_settings import SluiceSettings
from app.configured_secrets import know_url, redactor_of
from app.connections.server_urls import Urls
from app.embedded import hold
from app.redaction.redactor import IN_USE

log = structlog.get_logger("sluice.embedded")


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
        for name, url in (("DATABASE_URL", database), ("REDIS_URL", redis)):
            if url is None and (found := nearly_set(name, type(settings))):
                log.warning("setting_missing", setting=name, nearly=found)
        if database is None or redis is None:
            own = stack.enter_context(
                hold(settings.data_dir, postgres=database is None, valkey=redis is None)
            )
            database, redis = database or own.database_url, redis or own.redis_url
        for url in (database, redis):
            know_url(redactor, url)
        yield Urls(database, redis, settings.listen_url or "")
