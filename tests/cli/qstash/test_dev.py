"""``sluice qstash-dev`` as a process."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.cli.command import Sluice, stop, wait_for
from tests.qstash_dev.destination import a_destination
from tests.support.servers.ports import free_port

VARIABLES = [
    "QSTASH_URL",
    "QSTASH_TOKEN",
    "QSTASH_CURRENT_SIGNING_KEY",
    "QSTASH_NEXT_SIGNING_KEY",
]


@pytest.fixture
def sluice(tmp_path: Path) -> Sluice:
    """Where nothing else of Sluice's is there."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("QSTASH_")}
    return Sluice({**env, "SLUICE_DATA_DIR": str(tmp_path)})


@contextmanager
def running(sluice: Sluice, log: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    process = sluice.start("qstash-dev", *options, log=log)
    try:
        wait_for("QSTASH_NEXT_SIGNING_KEY", log, process)
        yield process
    finally:
        code = stop(process)
    assert code == 0, log.read_text()


def printed(log: Path) -> dict[str, str]:
    lines = [line.partition("=") for line in log.read_text().splitlines() if '="' in line]
    return {name: value.strip('"') for name, _, value in lines}


def test_it_prints_what_a_service_needs_and_a_call_to_try(sluice: Sluice, tmp_path: Path) -> None:
    log, port = tmp_path / "log", free_port()
    with running(sluice, log, "--port", str(port)) as process:
        wait_for("curl", log, process)
        told = printed(log)
        assert list(told) == VARIABLES
        assert told["QSTASH_URL"] == f"http://127.0.0.1:{port}"
        assert f"curl -X POST {told['QSTASH_URL']}/v2/publish/http" in log.read_text()
        answer = httpx2.get(
            f"{told['QSTASH_URL']}/v2/keys",
            headers={"Authorization": f"Bearer {told['QSTASH_TOKEN']}"},
            trust_env=False,
        )
        assert answer.json() == {
            "current": told["QSTASH_CURRENT_SIGNING_KEY"],
            "next": told["QSTASH_NEXT_SIGNING_KEY"],
        }


def test_what_is_given_stays_so_through_restarts(sluice: Sluice, tmp_path: Path) -> None:
    given = {
        "QSTASH_TOKEN": "a-token-that-is-given",
        "QSTASH_CURRENT_SIGNING_KEY": "sig_" + "a" * 28,
        "QSTASH_NEXT_SIGNING_KEY": "sig_" + "b" * 28,
    }
    with_these = Sluice({**sluice.env, **given, "QSTASH_DEV_PORT": "0"})
    for log in (tmp_path / "first", tmp_path / "second"):
        with running(with_these, log, "--json"):
            [told] = [json.loads(line) for line in log.read_text().splitlines() if "{" in line]
        assert list(told) == VARIABLES
        assert {name: told[name] for name in given} == given


async def test_it_delivers_what_is_published_and_tells_of_it_without_the_token(
    sluice: Sluice, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    async with a_destination() as destination:
        with running(sluice, log, "--port", "0", "--speed", "1000"):
            told = printed(log)
            destination.answers["/x"] = [(500, {}), (200, {})]
            async with httpx2.AsyncClient(trust_env=False) as caller:
                await caller.post(
                    f"{told['QSTASH_URL']}/v2/publish/{destination.url}/x",
                    headers={
                        "Authorization": f"Bearer {told['QSTASH_TOKEN']}",
                        "Upstash-Forward-X-Secret": told["QSTASH_TOKEN"],
                    },
                )
                await destination.came(2, "/x")
    logged = log.read_text().partition("Sample call:")[2]
    assert "not_delivered" in logged
    assert logged.count(told["QSTASH_TOKEN"]) == 1  # of the sample call itself


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--host", "0.0.0.0"], "0.0.0.0 is not of this machine's loopback."),  # noqa: S104 - refused
        (["--token", "short"], "QSTASH_TOKEN must have at least 16"),
        (["--next-signing-key", "short"], "QSTASH_NEXT_SIGNING_KEY must have at least 32"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    options: list[str], sentence: str, sluice: Sluice
) -> None:
    assert sluice.refused("qstash-dev", "--port", "0", *options).startswith(sentence)
