"""What ``ctx.deferred`` answers, and what it raises."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from app.workflows.contract.exceptions import StepFailed


@dataclass(frozen=True, slots=True)
class DeferredReply:
    """The provider's answer to one request. ``body``: its JSON object."""

    status: int
    body: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The body as JSON."""
        return json.dumps(self.body)


class DeferredFailed(StepFailed):
    """The provider has answered a deferred request with an error, or, however often it was given
    the request, with nothing.

    ``status``: of HTTP; None: there was none. ``code``: in the provider's words, such as
    ``invalid_request_error``; or ``batch_expired``, where no batch had come to it in time, or
    ``no_end``, where it is not known whether the provider has answered it, or ``no_provider``,
    where no process has its settings any more. ``terminal``: to ask again would not help, or might
    be paid for twice, and the item fails at once.
    """

    def __init__(
        self,
        step: str,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        terminal: bool = False,
    ) -> None:
        super().__init__(step, "DeferredFailed", message)
        self.status = status
        self.code = code
        self.terminal = terminal

    @classmethod
    def remembered(cls, step: str, message: str, text: str | None) -> Self:
        """As ``stored`` has written it."""
        told: dict[str, Any] = json.loads(text or "{}")
        terminal = bool(told.get("terminal"))
        return cls(
            step, message, status=told.get("status"), code=told.get("code"), terminal=terminal
        )


def stored_reply(status: int, body: str) -> str:
    """
    Args:
        body: JSON.
    """
    return f'{{"status":{status},"body":{body}}}'


def stored_failure(status: int | None, code: str | None, *, terminal: bool) -> str:
    return json.dumps({"status": status, "code": code, "terminal": terminal})


def read_reply(text: str) -> DeferredReply:
    told = json.loads(text)
    return DeferredReply(told["status"], told["body"])
