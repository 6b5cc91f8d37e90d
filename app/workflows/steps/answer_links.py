"""Links by which somebody without a token may answer one step of one item, until they expire."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.errors import BadInput, NotFound
from app.workflows.signatures import Signer

LONGEST = timedelta(days=90)
_SCOPE = "answer"


@dataclass(frozen=True, slots=True)
class AnswerLinkClaim:
    """What a link is for. ``path`` leads to the step through the steps of children."""

    run_id: str
    item_id: str
    path: tuple[str, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AnswerLinks:
    """
    Args:
        signer: its key is the installation's, so a link holds over restarts and on every machine.
        base_url: under which people reach the API.
    """

    signer: Signer
    base_url: str

    def issue(self, run_id: str, item_id: str, path: Sequence[str], expires: timedelta) -> str:
        """The URL.

        Raises:
            BadInput: it would expire too late, or has done so already.
        """
        if not timedelta(0) < expires <= LONGEST:
            raise BadInput(
                f"A link expires after at most {LONGEST.days} days, and not at once.",
                field="expiresSeconds",
            )
        until = int(time.time() + expires.total_seconds())
        token = self.signer.issue(_SCOPE, [run_id, item_id, list(path), until])
        return f"{self.base_url.rstrip('/')}/answer/{token}"

    def read(self, token: str) -> AnswerLinkClaim:
        """
        Raises:
            NotFound: it was not issued here, or has expired.
        """
        try:
            run_id, item_id, path, until = self.signer.accept(_SCOPE, token)
        except BadInput:
            raise NotFound("This link is not valid. Ask for it to be sent once more.") from None
        if time.time() >= until:
            raise NotFound("This link has expired. Ask for a new one.")
        return AnswerLinkClaim(run_id, item_id, tuple(path), datetime.fromtimestamp(until, UTC))
