"""Logs: one constant event and its fields a line; json for machines, colours on a terminal.

What libraries say through ``logging``, and warnings, go the same way. No secret and no control
character comes out of it, whatever an error says: a line in the log is one that we wrote.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from io import StringIO
from typing import Literal

import structlog
from pydantic_core import to_jsonable_python
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from app.redaction.redactor import Redactor, in_use
from app.tracing.current import current_trace

_PLAIN = (str, int, float, bool, type(None))
_CONTROL = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What a terminal obeys, what ends a line, and what turns the direction of writing."""
_IN_TRACEBACK = re.compile(_CONTROL.pattern.replace("\0-\x1f", "\0-\x09\x0b-\x1f"))
_OURS = "sluice"
"""The name of our handler, by which another call finds it; and what the names of our loggers begin
with."""


class DebugLog:
    """Events of what is done for every item, every chunk and every step.

    structlog makes a logger for each event before it looks at the level, which takes as long as
    much else that is done for an item. So ask first, which is a look into a dict:
    ``if detail.is_on(): detail.debug("item_handled", …)``.
    """

    __slots__ = ("_log", "is_on")

    def __init__(self, name: str) -> None:
        self._log = structlog.get_logger(name)
        self.is_on = partial(logging.getLogger(name).isEnabledFor, logging.DEBUG)
        """Whether this process logs at ``debug``."""

    def debug(self, event: str, **fields: object) -> None:
        self._log.debug(event, **fields)


def configure_logs(
    level: str, style: Literal["auto", "json", "console"], redactor: Redactor | None = None
) -> None:
    """
    Args:
        redactor: knows the secrets of this process; that of the service at work is used besides.
    """
    console = style == "console" or (style == "auto" and sys.stderr.isatty())
    # Never with local variables: a request's headers, and with them a token, are among those.
    transformer = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    renderer: Processor
    if console:
        exceptions: Processor = structlog.processors.ExceptionRenderer(_traceback)
        renderer = structlog.dev.ConsoleRenderer()
    else:
        exceptions = structlog.processors.ExceptionRenderer(_Careful(transformer))
        renderer = structlog.processors.JSONRenderer()
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _traced,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    ending: list[Processor] = [
        exceptions,
        _plain,
        _Line(renderer, redactor or Redactor(), console=console),
    ]
    structlog.configure(
        processors=[*common, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # At each call: stderr may be another one by then. A line is one write, as a library's is:
        # between two, another thread's line may come.
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.getLogger(_OURS).setLevel(level.upper())  # by which a DebugLog knows it
    # Libraries speak through logging; only what they think is amiss is worth a line.
    _take_over(common, ending)


def log_crashes() -> None:
    """Have what ends a thread, or is raised where nobody can catch it, told as everything is, and
    not by Python as plain text."""
    threading.excepthook = lambda args: log_crash("thread_failed", args.exc_value)
    sys.unraisablehook = lambda args: log_crash("error_ignored", args.exc_value)


def log_crash(event: str, error: BaseException | None) -> None:
    """Also where no log was begun."""
    if isinstance(error, SystemExit):  # as Python: somebody's way to end a thread
        return
    if not structlog.is_configured():
        configure_logs("warning", "auto")
    structlog.get_logger("sluice").critical(event, exc_info=error)


def _take_over(common: Sequence[Processor], ending: Sequence[Processor]) -> None:
    root = logging.getLogger()
    for former in [one for one in root.handlers if one.get_name() == _OURS]:
        root.removeHandler(former)
    handler = _Stderr()
    handler.set_name(_OURS)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *common],
        )
    )
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


class _Stderr(logging.Handler):
    """That of the moment."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - an author's arguments may raise anything when formatted
            self.handleError(record)
        else:
            sys.stderr.write(f"{line}\n")


@dataclass(frozen=True, slots=True)
class _Line:
    """Writes the line, and once more without what was found in it that must not be there."""

    renderer: Processor
    known: Redactor
    console: bool

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> str:
        if self.console:
            event = {name: _visible(name, value) for name, value in event.items()}
        line = str(self.renderer(logger, method, dict(event)))
        for redactor in {self.known, in_use()}:
            if redactor.holds(line):
                event = redactor.of(event)
                line = str(self.renderer(logger, method, dict(event)))
        return line


def _visible(name: str, value: object) -> object:
    """Control characters as Python writes them. A traceback keeps its lines, each moved in, so that
    none of them can pass for one of ours."""
    if not isinstance(value, str):
        return value
    if name == "exception":
        return "  " + _IN_TRACEBACK.sub(_written, value).replace("\n", "\n  ")
    return _CONTROL.sub(_written, value)


def _written(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


@dataclass(frozen=True, slots=True)
class _Careful:
    """An exception whose own attributes raise is told of all the same."""

    transformer: structlog.tracebacks.ExceptionDictTransformer

    def __call__(self, exc_info: ExcInfo) -> list[dict[str, object]]:
        try:
            return self.transformer(exc_info)
        except Exception:  # noqa: BLE001 - an author's property may raise anything
            return [{"exc_type": exc_info[0].__qualname__, "frames": []}]


def _traceback(exc_info: ExcInfo) -> str:
    out = StringIO()
    try:
        structlog.dev.plain_traceback(out, exc_info)
    except Exception:  # noqa: BLE001 - an author's property may raise anything
        return f"{exc_info[0].__qualname__}, whose traceback cannot be told"
    return out.getvalue().rstrip("\n")


def _traced(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    trace = current_trace()
    if trace is not None:
        event["trace_id"] = trace
    return event


def _plain(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Each field as JSON has it: whoever reads the log reads no Python."""
    for name, value in event.items():
        if type(value) not in _PLAIN:
            event[name] = _as_json(value)
    return event


def _as_json(value: object) -> object:
    try:
        return to_jsonable_python(value, timedelta_mode="float", fallback=str)
    except ValueError:  # such as bytes that are no text
        return str(value)
