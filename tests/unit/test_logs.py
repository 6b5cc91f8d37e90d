"""What is logged: for programs each field is JSON, and for people no field is Python."""

from __future__ import annotations

import json
import logging
import re
import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
import structlog
from pydantic import BaseModel, SecretStr

from app.logs import DebugLog, configure_logs
from app.redaction.redactor import IN_USE, Redactor
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


SECRET = "sk-live-of-this-test"
FORGED = "no\n2026-11-28T20:00:00Z [info] all is well\x1b[2J\x1b]0;owned\x07\u202e"
LOGGERS = ("uvicorn.error", "asyncio", "sqlalchemy.pool", "somebody.elses")


def _fail() -> None:
    raise ValueError(f"{FORGED} {SECRET}")


@pytest.mark.parametrize("name", LOGGERS)
def test_what_a_library_logs_is_one_line_of_json_like_ours(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs("info", "json", Redactor([SECRET]))
    logger = logging.getLogger(name)
    logger.setLevel(logging.NOTSET)  # a server of another test may have made it silent
    try:
        _fail()
    except ValueError:
        logger.exception("It failed with %s", SECRET)
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["logger"], told["level"]) == (name, "error")
    assert told["event"] == "It failed with [redacted]"
    assert told["exception"][0]["exc_type"] == "ValueError"
    assert SECRET not in line
    assert "\x1b" not in line


def test_each_line_is_one_write_so_that_that_of_no_other_thread_comes_into_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writes: list[str] = []

    class Writes(StringIO):
        def write(self, text: str) -> int:
            writes.append(text)
            return len(text)

    monkeypatch.setattr("sys.stderr", Writes())
    configure_logs("info", "json")
    structlog.get_logger("test").info("ours")
    logging.getLogger("library").warning("its own")
    assert [json.loads(line)["event"] for line in writes] == ["ours", "its own"]
    assert all(line.endswith("}\n") for line in writes)


def test_a_warning_is_such_a_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)  # pytest has its own meanwhile
        configure_logs("info", "json", Redactor([SECRET]))
        warnings.warn(f"mind {SECRET}\nforged", UserWarning, stacklevel=1)
    logging.captureWarnings(capture=False)
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert told["logger"] == "py.warnings"
    assert SECRET not in line


def test_on_a_terminal_an_error_can_neither_forge_a_line_nor_give_orders(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("info", "console", Redactor([SECRET]))
    try:
        _fail()
    except ValueError:
        structlog.get_logger("test").exception("failed", error=FORGED, key=SECRET)
        logging.getLogger("uvicorn.error").exception(FORGED)
    said = capsys.readouterr().err
    lines = re.sub(r"\x1b\[\d*m", "", said).splitlines()  # colours are ours
    assert not [line for line in lines if line.startswith("2026-11-28T20:00:00Z")]
    assert sum("failed" in line and "[error" in line for line in lines) == 1
    assert not set("\x1b\x07\u202e").intersection("".join(lines))
    assert SECRET not in said
    assert "ValueError" in said


def test_the_redactor_of_the_service_at_work_is_used_besides(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("info", "json")
    before = IN_USE.set(Redactor([SECRET]))
    structlog.get_logger("test").info("told", within={"list": [f"a {SECRET}"]}, **{SECRET: 1})
    IN_USE.reset(before)
    line = json.loads(capsys.readouterr().err)
    assert line["within"] == {"list": ["a [redacted]"]}
    assert line["[redacted]"] == 1


@pytest.mark.parametrize(
    ("level", "on"), [("debug", True), ("info", False), ("warning", False), ("error", False)]
)
def test_a_log_of_every_item_is_on_at_debug_alone(
    level: str, on: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    log = DebugLog("sluice.test")  # made before, as a module's is
    configure_logs(level, "json")
    assert log.is_on() is on
    log.debug("told", item="u1")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["level"], line["item"]) for line in lines] == [
        ("told", "debug", "u1")
    ] * on
