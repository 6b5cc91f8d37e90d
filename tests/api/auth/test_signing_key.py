"""The signing key is changed: what was signed before, and what is signed from then on."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest

from app.api.auth import session_cookie
from app.store.signing_key import FORMER_HOLDS, rotate_signing_key, signing_keys
from app.workflows.steps.answer_links import LONGEST
from tests.support.families import Recording
from tests.support.http import OPS, api, bearer
from tests.support.service import Opener, Sluice


class Signed:
    """One of each that the service signs."""

    def __init__(self, sluice: Sluice, cookie: str) -> None:
        self._cursor = sluice.service.api.cursors.issue("runs", "run_x")
        url = sluice.service.api.links.issue("run_x", "u1", ["step"], timedelta(days=1))
        self._link = url.rpartition("/")[2]
        self._cookie = {"Cookie": f"{session_cookie.NAME}={cookie}"}

    async def good(self, sluice: Sluice, caller: httpx2.AsyncClient) -> list[bool]:
        page = {"cursor": self._cursor}
        cursor = await caller.get("/api/runs", params=page, headers=bearer(OPS))
        session = await caller.get("/api/session", headers=self._cookie)
        link = await caller.get(f"/answer/{self._link}")
        assert {cursor.status_code, session.status_code} <= {200, 401, 422}
        # A good link is of a run that is not there; what is said of a forged one is another thing.
        return [cursor.status_code == 200, session.status_code == 200, "not valid" not in link.text]


async def sign_all(sluice: Sluice) -> Signed:
    async with api(sluice, secret=None) as caller:
        entered = await caller.post("/api/session", json={"token": OPS})
        return Signed(sluice, entered.cookies[session_cookie.NAME])


@pytest.mark.parametrize("keep", [True, False])
async def test_what_the_former_key_signed_holds_if_it_is_kept(opener: Opener, keep: bool) -> None:
    async with opener(Recording()) as sluice, api(sluice, secret=None) as caller:
        before = await sign_all(sluice)
        assert await before.good(sluice, caller) == [True] * 3
        await rotate_signing_key(sluice.service.database, keep_former=keep)
    async with opener(Recording()) as sluice, api(sluice, secret=None) as caller:
        assert await before.good(sluice, caller) == [keep] * 3
        after = await sign_all(sluice)
        assert await after.good(sluice, caller) == [True] * 3
        await rotate_signing_key(sluice.service.database, keep_former=True)
    async with opener(Recording()) as sluice, api(sluice, secret=None) as caller:
        assert await before.good(sluice, caller) == [False] * 3
        assert await after.good(sluice, caller) == [True] * 3


async def test_a_former_key_holds_as_long_as_the_longest_link(opener: Opener) -> None:
    assert FORMER_HOLDS >= LONGEST
    async with opener(Recording()) as sluice:
        database = sluice.service.database
        [first] = await signing_keys(database)
        await rotate_signing_key(database, keep_former=True)
        second, former = await signing_keys(database)
        assert (former, second == first) == (first, False)
        assert len(second) == 64
        await sluice.sql("UPDATE sluice.service_secret SET changed_at = now() - interval '91 days'")
        assert await signing_keys(database) == [second]
