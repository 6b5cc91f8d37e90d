"""Logs: one constant event and its fields a line; json for machines, colours on a terminal."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from typing import Literal, TextIO

import structlog
from pydantic_core import to_jsonable_python
from structlog.typing import EventDict, ExcInfo, WrappedLogger

_PLAIN = (str, int, float, bool, type(None))


def configure_logs(level: str, style: Literal["auto", "json", "console"]) -> None:
    console = style == "console" or (style == "auto" and sys.stderr.isatty())
    # Never with local variables: a request's headers, and with them a token, are among those.
    ending: list[structlog.typing.Processor]
    if console:
        ending = [structlog.dev.ConsoleRenderer(exception_formatter=_traceback)]
    else:
        transformer = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        ending = [
            structlog.processors.ExceptionRenderer(_Careful(transformer)),
            structlog.processors.JSONRenderer(),
        ]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _plain,
            *ending,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # At each call: stderr may be another one by then.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries speak through logging; only what they think is amiss is worth a line.
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s", stream=sys.stderr)


@dataclass(frozen=True, slots=True)
class _Careful:
    """An exception whose own attributes raise is told of all the same."""

    transformer: structlog.tracebacks.ExceptionDictTransformer

    def __call__(self, exc_info: ExcInfo) -> list[dict[str, object]]:
        try:
            return self.transformer(exc_info)
        except Exception:  # noqa: BLE001 - an author's property may raise anything
            return [{"exc_type": exc_info[0].__qualname__, "frames": []}]


def _traceback(out: TextIO, told: ExcInfo) -> None:
    try:
        structlog.dev.plain_traceback(out, told)
    except Exception:  # noqa: BLE001 - an author's property may raise anything
        out.write(f"\n{told[0].__qualname__}, whose traceback cannot be told")


def _plain(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Each field as JSON has it: whoever reads the log reads no Python."""
    for name, value in event.items():
        if type(value) not in _PLAIN and name != "exc_info":
            event[name] = _as_json(value)
    return event


def _as_json(value: object) -> object:
    try:
        return to_jsonable_python(value, timedelta_mode="float", fallback=str)
    except ValueError:  # such as bytes that are no text
        return str(value)
