"""The log of a process that was started with settings."""

from __future__ import annotations

from app.configured_secrets import redactor_of
from app.logs import configure_logs, log_crashes
from app.redaction.redactor import IN_USE
from app.settings import Settings


def begin_log(settings: Settings, level: str | None = None) -> None:
    """What this process logs, in whichever of its threads, holds no secret of the settings, nor of
    the servers that are opened then."""
    redactor = redactor_of(settings)
    IN_USE.set(redactor)
    configure_logs(level or settings.log_level, settings.log_format, redactor)
    log_crashes()
