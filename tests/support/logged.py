"""What is logged from warnings on, which the tests' own level leaves out."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from structlog.testing import capture_logs

from app.logs import configure_logs


@contextmanager
def warnings_logged() -> Iterator[list[MutableMapping[str, Any]]]:
    configure_logs("warning", "console")
    try:
        with capture_logs() as logged:
            yield logged
    finally:
        configure_logs("error", "console")
