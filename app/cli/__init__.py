"""The command line. ``commands`` declares it; what a command needs is loaded when it runs."""

from __future__ import annotations

import sys

from app.cli.app import app
from app.errors import SluiceError


def main() -> None:
    """Exits 0 for done, 1 for a run that did not succeed, 2 for an error, 3 for one that is paused,
    130 for Ctrl-C."""
    try:
        app()
    except SluiceError as error:
        from app.cli.output.console import program  # noqa: PLC0415 - lazily: only errors need it
        from app.cli.routes_as_commands import with_commands  # noqa: PLC0415

        sys.stderr.write(f"error: {with_commands(error.detail, program())}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - a mistake of ours, told as any other
        from app.logs import log_crash  # noqa: PLC0415 - lazily: most commands log nothing

        log_crash("command_failed", error)
        sys.exit(2)
