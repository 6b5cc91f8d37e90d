"""What is logged: for programs each field is JSON, and for people no field is Python."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
import structlog
from pydantic import BaseModel, SecretStr

from app.logs import configure_logs
from app.store.statuses import RunStatus


class Inner(BaseModel):
    at: datetime
    secret: SecretStr


MOMENT = datetime(2026, 11, 28, 20, 0, tzinfo=UTC)
FIELDS: dict[str, tuple[object, object]] = {
    "moment": (MOMENT, "2026-11-28T20:00:00Z"),
    "day": (date(2026, 11, 28), "2026-11-28"),
    "time": (timedelta(seconds=1.5), 1.5),
    "status": (RunStatus.PAUSED, "paused"),
    "file": (Path("a/b"), "a/b"),
    "amount": (Decimal("2.50"), "2.50"),
    "key": (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    "names": ({"a"}, ["a"]),
    "error": (ValueError("no such thing"), "no such thing"),
    "bytes": (b"\xff", "b'\\xff'"),
    "model": (
        Inner(at=MOMENT, secret=SecretStr("hunter2")),
        {"at": "2026-11-28T20:00:00Z", "secret": "**********"},
    ),
    "within": ({"at": [MOMENT]}, {"at": ["2026-11-28T20:00:00Z"]}),
}


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    configure_logs("error", "console")


def test_each_field_is_json_whatever_the_code_gave(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")
    given = {name: value for name, (value, _) in FIELDS.items()}
    structlog.get_logger("test").info("told", **given)
    line = json.loads(capsys.readouterr().err)
    assert {name: line[name] for name in FIELDS} == {
        name: shown for name, (_, shown) in FIELDS.items()
    }


def test_on_a_terminal_no_field_is_python_either(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "console")
    structlog.get_logger("test").info("told", at=MOMENT, status=RunStatus.PAUSED)
    said = capsys.readouterr().err
    assert "datetime" not in said
    assert "RunStatus" not in said
    assert "2026-11-28T20:00:00Z" in said
