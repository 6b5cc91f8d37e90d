"""Why a source gave no page.

    SourceUnavailable   503 it comes again with backoff, and its run fails after eight tries
    └── SourceBusy      503 it comes again after ``retry_after``, however often that is
    SourceBroken        422 another try cannot help: the run fails at once
    SourceMisused       500 likewise, and the family's own code is to blame

A dry run answers each of them with its sentence.
"""

from __future__ import annotations

from datetime import timedelta

from app.errors import BadInput, ConfigurationError, Unavailable
from app.workflows.contract.exceptions import Fatal


class SourceUnavailable(Unavailable):
    """Nothing came, or something that says that the source is unwell."""


class SourceBusy(SourceUnavailable):
    """The source asks us to come later."""

    def __init__(self, detail: str, *, retry_after: timedelta) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class SourceBroken(BadInput, Fatal):
    """What came cannot be used, and would come again."""


class SourceMisused(ConfigurationError, Fatal):
    """What the family's ``eligible``, ``page`` or ``existing`` says cannot be kept."""
