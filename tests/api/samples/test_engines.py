"""A sample where QStash calls is as one where workers take messages."""

from __future__ import annotations

import httpx2

from tests.api.samples.sampled import Mixed, everything, sampled
from tests.qstash.called_service import called_service
from tests.support.http import OPS, bearer
from tests.support.patience import PATIENCE
from tests.support.service import Opener


async def test_on_qstash_nothing_is_sent_and_nothing_saved(opener: Opener) -> None:
    family = Mixed()
    async with called_service(opener, family) as called:
        await called.sluice.add_users(20)
        before = await everything(called.sluice)
        async with httpx2.AsyncClient(
            base_url=called.url, headers=bearer(OPS), timeout=PATIENCE
        ) as caller:
            answer = await sampled(caller)
        assert await everything(called.sluice) == before
        assert not called.seen
    assert (answer["begun"], answer["outcomes"]["succeeded"]) == (20, 6)
    assert not family.saved
