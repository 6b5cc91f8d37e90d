"""Answers of QStash that have no more than its documentation promises."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from app.cli.qstash.answers import AccountDeadLetter, AccountSchedule


def test_what_is_left_out_is_none() -> None:
    schedule = AccountSchedule.model_validate(
        {
            "scheduleId": "s", "cron": "* * * * *", "destination": "https://x", "createdAt": 1,
            "method": "POST", "isPaused": True, "somethingNew": 1,
        }
    )  # fmt: skip
    assert (schedule.retries, schedule.is_paused, schedule.last_schedule_time) == (0, True, None)
    letter = AccountDeadLetter.model_validate({"dlqId": "1", "messageId": "m", "url": "https://x"})
    assert (letter.response_status, letter.label, letter.created_at) == (None, None, None)


@pytest.mark.parametrize("told", [{"html": "x"}, [], "x", None])
def test_what_is_no_answer_of_qstash_is_told(told: object) -> None:
    with pytest.raises(ValidationError):
        AccountSchedule.model_validate(told)
