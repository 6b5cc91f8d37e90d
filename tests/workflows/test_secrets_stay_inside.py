"""Every secret, planted wherever text is stored, shown or logged, in every encoding, is then
searched for in all tables, in all answers and in the whole log."""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from collections.abc import Sequence
from typing import Literal

import httpx2
import pytest
from pydantic import SecretStr, field_validator
from sqlalchemy import Select, text
from sqlmodel import col, select

from app.api.auth import session_cookie
from app.logs import configure_logs
from app.services.errors import LlmError
from app.services.http.endpoint import Endpoint
from app.services.http.json_client import JsonPost
from app.store.database import service_key
from app.workflows.family import Context, FamilyParams, Fatal
from tests.support.families import Recording
from tests.support.http import OPS, api, app_of, bearer
from tests.support.network.llm_server import Server, response
from tests.support.service import Opener, Sluice
from tests.support.users import User
from tests.unit.redaction.encodings import ENCODINGS
from tests.workflows.notifications.told import LOOPBACK, until

SCRAPER = "of-whoever-scrapes-the-metrics"
CONFIGURED = {
    "metrics_token": SecretStr(SCRAPER),
    "otter_key": SecretStr("sk-of/the-model'42"),
    "badger_key": SecretStr("sk-of-the-painter-77"),
    "token": SecretStr("of-the-command-line-1"),
    "secret_key": SecretStr("bmV3ZXN0LWtleS1vZi1zZWFsaW5nLW9mLTMyLWJ5dGU="),
    "database_url": "postgresql://me:of%2Fthe-database@db/app",
    "redis_url": "redis://:of-redis-itself@cache/0",
    "badger_url": "https://me:of-the-posts@posts.test/",
}
SECRETS = [
    "sk-of/the-model'42", "sk-of-the-painter-77", "of-the-command-line-1",
    "bmV3ZXN0LWtleS1vZi1zZWFsaW5nLW9mLTMyLWJ5dGU=", "of/the-database", "of-redis-itself",
    "of-the-posts", SCRAPER, OPS,
]  # fmt: skip
OF_PARAMS = "of-the/params-of-1-run"
PLACES = ("load", "execute", "save", "step", "logged", "url", "service")
LAYERS = ("existing", "page", "validate")


class Keyed(FamilyParams):
    key: SecretStr = SecretStr("unset-in-this-test")
    place: str = "execute"

    @field_validator("place")
    @classmethod
    def _refuses(cls, place: str) -> str:
        if place.startswith("validate "):
            raise ValueError(place)
        return place


class Leaking(Recording):
    """Raises everything it knows, at the place that its params name: each item in another way."""

    name = "leaking"
    params = Keyed
    attempts = 1

    def __init__(self, secrets: Sequence[str], service: JsonPost | None = None) -> None:
        super().__init__()
        self.secrets = secrets
        self.service = service

    def planted(self, number: int) -> str:
        encode = list(ENCODINGS.values())[number % len(ENCODINGS)]
        return "\n".join(encode(secret) for secret in self.secrets)

    def leak(self, here: str, item_id: str, params: FamilyParams) -> None:
        assert isinstance(params, Keyed)
        if params.place == here:
            raise RuntimeError(self.planted(int(item_id[1:])))

    def eligible(self, params: FamilyParams) -> Select[str]:
        self.leak_all("page", params)
        return select(User.id).where(col(User.active))

    def leak_all(self, here: str, params: FamilyParams) -> None:
        assert isinstance(params, Keyed)
        if params.place == here:
            raise Fatal("\n".join(map(self.planted, range(3))))

    async def existing(self, ids: Sequence[str], params: FamilyParams, ctx: Context) -> set[str]:
        self.leak_all("existing", params)
        return set()

    async def load(self, item_id: str, ctx: Context) -> str | None:
        ctx.log.info("loaded", told=self.planted(int(item_id[1:])))
        return item_id

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        assert isinstance(params, Keyed)
        planted = self.planted(int(entity[1:]))
        match params.place:
            case "step":
                await ctx.run("telling", self.step, planted)
            case "logged":
                logging.getLogger("somebody.elses").warning("It said %s", planted)
            case "url":
                at = f"http://me:{self.secrets[0]}@127.0.0.1:1/?key={self.secrets[-1]}"
                raise ConnectionError(f"{at} failed: {planted}")
            case "service" if self.service is not None:
                try:
                    await self.service.send({})
                except LlmError as refused:  # by itself it would pause the run
                    raise RuntimeError(f"It failed: {refused}") from refused
        self.leak("load", entity, params)
        self.leak("execute", entity, params)
        return "done"

    async def step(self, planted: str) -> None:
        raise RuntimeError(planted)

    async def save(self, entity: str, result: str, params: FamilyParams, ctx: Context) -> None:
        self.leak("save", entity, params)


def found_in(haystack: str, secrets: Sequence[str]) -> list[str]:
    """Those that are in it, by the way in which they are written."""
    for _ in range(2):  # of a text that JSON holds in its strings
        haystack += haystack.replace("\\\\", "\\").replace('\\"', '"')
    return [
        f"{secret} {name}"
        for secret in secrets
        for name, encode in ENCODINGS.items()
        for written in {encode(secret).strip("\"'"), _core(secret)}
        if written in haystack
    ]


def _core(secret: str) -> str:
    """What base64 makes of all of it but the last bytes, which share a group with others."""
    return b64encode(secret.encode()[: len(secret) // 3 * 3]).decode()


async def stored(sluice: Sluice) -> str:
    """All rows of all tables but that of the keys, as text."""
    rows: list[str] = []
    tables = await sluice.sql(
        "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        " AND tablename <> 'service_secret'"
    )
    for (table,) in tables:
        async with sluice.service.database.connect() as connection:
            found = await connection.execute(text(f"SELECT t::text FROM {table} AS t"))  # noqa: S608
            rows.extend(str(row) for (row,) in found)
    return "\n".join(rows)


async def answered(
    caller: httpx2.AsyncClient, sluice: Sluice, run_ids: Sequence[str]
) -> tuple[str, int]:
    """What every route answers that is asked with GET, of these runs; and how many answers."""
    texts: list[str] = []
    for template, methods in app_of(sluice).openapi()["paths"].items():
        path = template.replace("{family}", "leaking").replace("{item_id}", "u00001")
        if "get" not in methods:
            continue
        for run_id in run_ids if "{run_id}" in path else [""]:
            answer = await caller.get(path.replace("{run_id}", run_id), params={"limit": 200})
            texts.append(answer.text)
    return "\n".join(texts), len(texts)


@pytest.mark.parametrize("style", ["json", "console"])
async def test_no_secret_is_found_in_any_table_answer_or_line_of_the_log(
    opener: Opener,
    server: Server,
    style: Literal["json", "console"],
    capfd: pytest.CaptureFixture[str],
) -> None:
    secrets = [*SECRETS, OF_PARAMS]
    quoting = "; ".join(encode(SECRETS[0]) for encode in ENCODINGS.values())
    server.answers = [response(401, json.dumps({"error": {"message": quoting}}).encode())]
    service = JsonPost(
        Endpoint(server.url, "/chat", SECRETS[0], settings="LLM"),
        max_bytes=10_000, timeout=5, tries=1, wait=0.01,
    )  # fmt: skip
    family = Leaking(secrets, service)
    texts: list[str] = []
    configure_logs("debug", style)
    try:
        async with opener(family, **CONFIGURED, **LOOPBACK) as sluice, api(sluice) as caller:
            keys = [await service_key(sluice.service.database, of) for of in ("signing", "sealing")]
            secrets += [*keys, *await _told(caller, server.port)]
            family.secrets = secrets
            await sluice.add_users(len(ENCODINGS))
            process = "/api/workflows/leaking/process-users"
            run_ids: list[str] = []
            async with sluice.worker():
                for place in (*PLACES, "existing"):
                    params = {"place": place, "key": OF_PARAMS}
                    begun = await caller.post(process, json={"params": params})
                    texts.append(begun.text)
                    run_ids.append(begun.json()["runId"])
                    run = await sluice.ended(run_ids[-1])
                    assert run.status == ("succeeded" if place == "logged" else "failed"), place
                await until(sluice, "status = 'waiting' AND attempts > 0")
            for place in (*PLACES, *LAYERS):
                params = {"place": place, "key": OF_PARAMS}
                if place == "validate":
                    params["place"] = f"validate {family.planted(0)} {family.planted(3)}"
                body = {"dryRun": True, "params": params}
                texts.append((await caller.post(process, json=body)).text)
                for number in range(1, len(ENCODINGS) + 1 if place == "execute" else 3):
                    preview = {**body, "userId": f"u{number:05}"}
                    path = "/api/workflows/leaking/execute-user"
                    texts.append((await caller.post(path, json=preview)).text)
            rows = await stored(sluice)
            shown, number_of_answers = await answered(caller, sluice, run_ids)
            scraped = await caller.get("/metrics", headers=bearer(SCRAPER))
            link = await _fails(sluice, caller)
    finally:
        await service.aclose()
        configure_logs("error", "console")
    log = capfd.readouterr().err
    assert "[redacted]" in rows
    assert "[redacted]" in shown
    assert "[redacted]" in log
    assert number_of_answers > 20
    assert any("[redacted]" in one for one in texts)
    assert "request_failed" in log
    assert 'sluice_items_total{family="leaking"' in scraped.text
    assert found_in(scraped.text, secrets) == []
    assert found_in(rows, secrets) == []
    assert found_in(shown, secrets) == []
    assert found_in("\n".join(texts), secrets) == []
    assert found_in(log, secrets) == []
    assert link not in log


async def _told(caller: httpx2.AsyncClient, port: int) -> list[str]:
    """Two targets of notifications: the secret that signs for one, and what is secret in their
    addresses. One is told, and refuses it; the other is not what it seems to be."""
    url = f"http://127.0.0.1:{port}/services/T0123/of-the-path-of-1-target?key=of-the-query-of-it"
    made = await caller.post("/api/notifications", json={"url": url})
    secret = made.json()["secret"]
    for status, body in (
        (422, {"url": f"{url}#no"}), (409, {"url": url, "kind": "slack"}), (422, {"url": [url]}),
        (422, {"url": url, "x": url}),
    ):  # fmt: skip
        refused = await caller.post("/api/notifications", json=body)
        assert refused.status_code == status
        assert found_in(refused.text, [url, "of-the-path-of-1-target"]) == []
    return [secret, url.removeprefix(f"http://127.0.0.1:{port}/")]


async def _fails(sluice: Sluice, caller: httpx2.AsyncClient) -> str:
    """A call by an answer link, by a cookie and by a token, each of which ends in a 500. Returns
    the link's token."""
    url = sluice.service.api.links.issue("run_1", "u00001", ["step"], session_cookie.LIFETIME)
    token = url.rpartition("/")[2]
    known = app_of(sluice).state.tokens.of_secret(OPS)
    cookie, _ = session_cookie.issue(sluice.service.api.cursors, known)
    await sluice.sql("ALTER TABLE sluice.run RENAME COLUMN started_by TO gone")
    statuses = [
        (await caller.get("/api/runs", headers=bearer(OPS))).status_code,
        (
            await caller.get("/api/runs", headers={"Cookie": f"{session_cookie.NAME}={cookie}"})
        ).status_code,
        (await caller.get(f"/answer/{token}")).status_code,
    ]
    assert 500 in statuses
    return token
