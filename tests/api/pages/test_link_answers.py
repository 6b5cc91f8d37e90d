"""A step that an outside system tells by a link: what it sends is kept as meant, or refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel, Field, RootModel

from app.workflows.family import Context
from tests.api.runs.test_suspended import Reviewed, Verdict, link, listed, suspended
from tests.support.http import api
from tests.support.service import Opener, Sluice

FORM = "application/x-www-form-urlencoded"


class Paid(BaseModel):
    """Nothing of it is needed, so that what is passed over would go unnoticed."""

    amount: int | None = None
    note: str | None = None


class Bill(BaseModel):
    amount: int = Field(title="What is owed", description="in euros & cents")


class Word(RootModel[str]):
    pass


class Noted(Reviewed):
    """In this file, so that its models are classes that the family uses."""


@dataclass(frozen=True)
class Asked:
    """A step that waits, and a system without a token that has its link."""

    sluice: Sluice
    caller: httpx2.AsyncClient
    stranger: httpx2.AsyncClient
    family: Noted
    run_id: str
    path: str

    async def send(self, content: bytes | str, kind: str | None) -> httpx2.Response:
        headers = {} if kind is None else {"Content-Type": kind}
        return await self.stranger.post(self.path, content=content, headers=headers)

    async def refused(self, content: bytes | str, kind: str | None) -> tuple[int, str]:
        """Status and page; the step waits as before."""
        answer = await self.send(content, kind)
        assert "Thank you" not in answer.text
        assert len((await listed(self.caller, self.run_id))["suspended"]) == 1
        return answer.status_code, answer.text

    async def taken(self, content: bytes | str, kind: str | None) -> object:
        """What the step got."""
        answer = await self.send(content, kind)
        assert (answer.status_code, "Thank you" in answer.text) == (200, True), answer.text
        async with self.sluice.worker():
            await self.sluice.ended(self.run_id)
        return self.family.results["u00001"]


@asynccontextmanager
async def asked(opener: Opener, resume: type[BaseModel] | None) -> AsyncIterator[Asked]:
    async def script(item: str, ctx: Context) -> object:
        if resume is None:
            return await ctx.suspend("told")
        return await ctx.suspend("told", resume=resume)

    family = Noted(script)
    async with (
        opener(family) as sluice,
        api(sluice) as caller,
        api(sluice, secret=None) as stranger,
    ):
        run_id = await suspended(sluice, caller)
        path = await link(caller, run_id)
        yield Asked(sluice, caller, stranger, family, run_id, path)


@pytest.mark.parametrize(
    ("resume", "kind", "content", "means"),
    [
        (None, FORM, "status=paid&amount=3", {"status": "paid", "amount": "3"}),
        (None, FORM, "data=%7B%22status%22%3A+%22paid%22%7D", {"status": "paid"}),
        (None, "text/plain", "paid: 3 €", "paid: 3 €"),
        (None, "text/plain; charset=latin-1", "Größe".encode("latin-1"), "Größe"),
        (None, "application/json", '{"data": 9007199254740993}', 9007199254740993),
        (None, "application/cloudevents+json; charset=utf-8", '{"data": null}', None),
        (Paid, FORM, "amount=9007199254740993&note=", Paid(amount=9007199254740993)),
        (Paid, "application/json", '{"data": {"note": "x"}}', Paid(note="x")),
        (Word, "text/plain", "paid", Word("paid")),
        (Word, FORM, "data=paid", Word("paid")),
    ],
)
async def test_what_an_outside_system_sends_to_a_link_is_what_the_step_gets(
    opener: Opener, resume: type[BaseModel] | None, kind: str, content: bytes | str, means: object
) -> None:
    async with asked(opener, resume) as step:
        assert await step.taken(content, kind) == means


@pytest.mark.parametrize(
    ("resume", "kind", "content", "status", "says"),
    [
        # Without a model, any answer is taken, but no answer is none.
        (None, FORM, "", 422, "nothing was sent"),
        (None, FORM, "data=", 422, "write null"),
        (None, FORM, "data=paid", 422, "cannot be read"),
        (None, FORM, "paid", 422, "cannot be read"),
        (None, FORM, "status=paid&status=open", 422, "sent twice"),
        (None, FORM, '{"status": "a=b"}', 422, "Content-Type: application/json"),
        (None, FORM, b"status=%FF", 422, "cannot be read"),
        (None, "text/plain", " \n", 422, "nothing was sent"),
        (None, "text/plain", b"\xff", 422, "cannot be read"),
        (None, "text/plain; charset=klingon", "paid", 415, "klingon"),
        (None, "application/xml", "<paid/>", 415, "application/xml"),
        (None, "multipart/form-data; boundary=x", "--x--", 415, "multipart/form-data"),
        (None, None, "paid", 415, "without a Content-Type"),
        (None, "application/json", '{"status": "paid"}', 422, "only member"),
        (None, "application/json", '{"data": 1, "status": 2}', 422, "only member"),
        (None, "application/json", "paid", 422, "cannot be read"),
        (None, "application/json", '{"data": 1e400}', 422, "no number that can be kept"),
        (None, "application/json", '{"data": 0.12345678901234567890}', 422, "more digits"),
        (None, "application/json", '{"data": NaN}', 422, "no JSON"),
        (None, "application/json", r'{"data": "\ud800"}', 422, "half of a character"),
        (None, "application/json", '{"data": {"a": 1, "a": 2}}', 422, "twice"),
        (None, "application/json", '{"data": ' + "[" * 1_000 + "]" * 1_000 + "}", 422, "deeply"),
        (None, FORM, "data=" + "%5B" * 1_000 + "%5D" * 1_000, 422, "deeply"),
        (None, FORM, "status=a%00b", 422, "NUL"),
        (None, "text/plain", "a\0b", 422, "NUL"),
        (None, "text/plain; charset=unicode_escape", r"\ud800", 415, "unicode_escape"),
        (None, "text/plain; charset=rot13", "cnvq", 415, "rot13"),
        (None, "application/json", '{"data":' * 100_000, 413, "larger"),
        # Of this model everything may be left out, so nothing else would tell of it.
        (Paid, FORM, "status=paid", 422, "Known are: amount, note"),
        (Paid, FORM, "", 422, "nothing was sent"),
        (Paid, FORM, "amount=three", 422, "data.amount"),
        (Paid, "text/plain", "paid", 415, "text/plain"),
        (Word, FORM, "data=", 422, "write null"),
        (Verdict, FORM, "note=fine", 422, "data.approved"),
    ],
)
async def test_what_a_link_does_not_understand_is_refused_and_the_link_stays_good(
    opener: Opener,
    resume: type[BaseModel] | None,
    kind: str | None,
    content: bytes | str,
    status: int,
    says: str,
) -> None:
    async with asked(opener, resume) as step:
        code, page = await step.refused(content, kind)
        assert (code, says in page) == (status, True), page
        sound: dict[str, Any] = {"approved": True} if resume is Verdict else {}
        answer = sound if resume is not Word else "fine"
        assert (await step.stranger.post(step.path, json={"data": answer})).status_code == 200


async def test_what_somebody_typed_is_shown_again_beside_what_is_wrong_with_it(
    opener: Opener,
) -> None:
    async with asked(opener, None) as step:
        _, page = await step.refused("data=%7B%22half%22", FORM)
    assert '{"half"' in unescape(page)
    assert '{"half"' not in page
    assert 'role="alert"' in page


async def test_what_is_shown_stands_under_the_titles_of_its_model(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> object:
        return await ctx.suspend("told", Bill(amount=7), resume=Paid)

    async with (
        opener(Noted(script)) as sluice,
        api(sluice) as caller,
        api(sluice, secret=None) as stranger,
    ):
        run_id = await suspended(sluice, caller)
        [question] = (await listed(caller, run_id))["suspended"]
        page = await stranger.get(await link(caller, run_id))
        item = (await caller.get(f"/api/runs/{run_id}/items/u00001")).json()
    assert question["payload"] == {"amount": 7}
    assert question["payloadSchema"] == Bill.model_json_schema(mode="serialization")
    assert item["steps"][0]["payloadSchema"] == question["payloadSchema"]
    assert "<h2>What is owed</h2><small>in euros &amp; cents</small>" in page.text
