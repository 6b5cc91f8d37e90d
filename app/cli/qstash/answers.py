"""What QStash answers of schedules and dead letters, as far as it is shown.

Read here, because the official client insists on fields that the documentation does not promise,
such as a number of retries where that is 0.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class _Told(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


class AccountSchedule(_Told):
    """Moments are Unix milliseconds."""

    schedule_id: str
    destination: str
    cron: str
    method: str = "POST"
    retries: int = 0
    is_paused: bool = False
    last_schedule_time: int | None = None
    next_schedule_time: int | None = None
    error: str | None = None


class AccountDeadLetter(_Told):
    """``created_at``: of the message, in Unix milliseconds. ``response_status``: None, or 0: there
    was no answer."""

    dlq_id: str
    message_id: str
    url: str
    created_at: int | None = None
    schedule_id: str | None = None
    label: str | None = None
    response_status: int | None = None
    response_body: str | None = None
