"""``sluice serve --reload``: a process that starts the service anew when its code changes."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import structlog

from app.errors import ConfigurationError

LOOK_EVERY = 500
"""Milliseconds between two looks whether the service still runs."""
CODE = Path(__file__).resolve().parents[2]
MOST_NAMED = 3

log = structlog.get_logger("sluice.reload")


def serve_and_reload(arguments: Sequence[str]) -> int:
    """Run ``sluice`` with these arguments until a signal, and begin anew on each change of ``app/``
    or ``.env``. What is at work ends first, as by any stop; its runs go on afterwards. A service
    that breaks down on a change waits for the next one.

    Returns:
        The exit code; of a service that could not even begin, its own.

    Raises:
        ConfigurationError: ``watchfiles`` is not installed, which is for development alone.
    """
    try:
        from watchfiles import PythonFilter, watch  # noqa: PLC0415 - for development alone
    except ImportError:
        raise ConfigurationError(
            "--reload needs watchfiles, which is installed for development alone: make setup, or"
            " pip install watchfiles. Or serve without --reload."
        ) from None
    command = [sys.executable, sys.argv[0], *arguments]
    looked_for = PythonFilter(extra_extensions=(".lua", ".env"))
    watched = [CODE, *([env] if (env := Path(".env").resolve()).exists() else [])]
    with _interrupted_by(signal.SIGTERM):
        service = _start(command)
        fresh = True
        try:
            for changes in watch(
                *watched,
                watch_filter=looked_for,
                rust_timeout=LOOK_EVERY,
                yield_on_timeout=True,
            ):
                if changes:
                    names = sorted({Path(path).name for _, path in changes})
                    log.warning("reloading", files=names[:MOST_NAMED], number=len(names))
                    _stop(service)
                    service, fresh = _start(command), False
                elif fresh and service.poll() is not None:
                    break
        except KeyboardInterrupt:
            _stop(service)
    return service.wait()


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    # In a group of its own: Ctrl-C reaches us alone, and the service is told once.
    return subprocess.Popen(command, process_group=0)  # noqa: S603 - our own arguments


def _stop(service: subprocess.Popen[bytes]) -> None:
    """It ends within its own time limit, or at once when somebody insists."""
    service.terminate()
    try:
        service.wait()
    except KeyboardInterrupt:
        service.terminate()
        service.wait()


@contextmanager
def _interrupted_by(number: signal.Signals) -> Iterator[None]:
    """So that SIGTERM is as good as Ctrl-C."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    former = signal.signal(number, interrupt)
    try:
        yield
    finally:
        signal.signal(number, former)
