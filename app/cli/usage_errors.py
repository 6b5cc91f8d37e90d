"""What Typer says of a call that cannot be read, in our words."""

from __future__ import annotations

from typing import Any

import typer
from pydantic import ValidationError

from app.errors import message_of, nearest


def reword(error: typer.TyperException) -> None:
    """Typer has pydantic read values, and says what that says; and of an option that there is not
    it names also what is far from it."""
    if isinstance(error, typer.BadParameter):
        if isinstance(error.__cause__, ValidationError):
            # Of its message, from which typer has taken what a terminal would obey.
            error.message = message_of({**error.__cause__.errors()[0], "msg": error.message})
    elif hasattr(error, "possibilities"):
        _keep_the_nearest(error)


def _keep_the_nearest(error: Any) -> None:  # typer exports no class of an unknown option
    names = [one.lstrip("-") for one in error.possibilities or ()]
    error.possibilities = [f"--{one}" for one in nearest(error.option_name.lstrip("-"), names)]
