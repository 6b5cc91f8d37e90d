"""A call that takes long, and tells meanwhile how far it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import JsonValue

from app.cli.api_client import ApiClient, CallRefused, Found, Reply
from app.cli.output.console import printable
from app.errors import Unavailable
from sluice.calls.answers import ProblemDocument


def post_long(
    api: ApiClient,
    kind: type[Found],
    path: str,
    body: Mapping[str, JsonValue],
    *,
    event: str,
    tell: Callable[[str], None],
) -> Reply[Found]:
    """
    Args:
        event: the name of the message that is the answer.
        tell: is called with the data of those before it.

    Raises:
        CallRefused, Unavailable: as any call.
    """
    with api.follow(path, last=None, body=body) as messages:
        for message in messages or ():
            if message.event == event:
                return Reply(message.data.encode(), api.read(kind, message.data))
            if message.event == "problem":
                found = api.read(ProblemDocument, message.data)
                raise CallRefused(printable(found.detail), 0)
            tell(message.data)
    raise Unavailable("The service broke its answer off. Try again.")
