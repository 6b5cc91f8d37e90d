"""No secret, and no value of a statement, leaves in a span."""

from __future__ import annotations

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.workflows.family import Context, FamilyParams
from tests.support.families import Recording
from tests.support.service import Opener
from tests.tracing.collector import collecting

TOKEN = "tok-7Fh2kQ9zLw4m"
VALUE = "value-of-a-statement-31"
QUERY = "hidden-in-a-query-52"
USER = "hidden-in-an-address-77"


class Params(FamilyParams):
    token: SecretStr = SecretStr(TOKEN)


async def test_none_of_them_is_in_what_arrives(opener: Opener) -> None:
    with collecting() as collector, collecting() as echo:
        address = echo.endpoint.replace("http://", f"http://{USER}:{USER}@")

        class Secretive(Recording):
            params = Params
            attempts = 1

            async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
                token = params.token.get_secret_value()  # type: ignore[attr-defined]  # of Params
                async with ctx.services.database.connect() as connection:
                    await connection.execute(text("SELECT CAST(:value AS text)"), {"value": VALUE})
                    await connection.execute(text(f"SELECT '{token}'"))
                async with ctx.services.database.connect() as connection:
                    with pytest.raises(DBAPIError):
                        await connection.execute(
                            text(f"SELECT '{VALUE}' / :value"), {"value": VALUE}
                        )
                await ctx.run(f"step of {token}", lambda: None)
                await ctx.services.http.post(f"{address}/{token}?q={QUERY}")
                raise ValueError(f"The token {token} is not taken")

        async with opener(Secretive(), otel_endpoint=collector.endpoint) as sluice:
            run = await sluice.played(1)
        assert run.failed == 1
        [item] = collector.named("item recording")
        assert (item.failed, item.message) == (True, "")
        below = collector.below(item)
        assert [span.name for span in below if span.failed] == ["SELECT"]
        [call] = collector.named("POST")
        assert call.attributes["url.full"] == f"{echo.endpoint}/[redacted]"
        sent = b"".join(collector.bodies)
        assert b"is not taken" not in sent
        for secret in (TOKEN, QUERY, USER):
            assert secret.encode() not in sent, secret


async def test_a_call_that_gets_no_answer_is_told_without_what_it_says(opener: Opener) -> None:
    async def work(item_id: str, ctx: Context) -> None:
        with pytest.raises(httpx2.ConnectError):
            await ctx.services.http.get("http://127.0.0.1:9/")

    with collecting() as collector:
        async with opener(Recording(work), otel_endpoint=collector.endpoint) as sluice:
            await sluice.played(1)
        [call] = collector.named("GET")
        assert (call.failed, call.message) == (True, "")
        assert call.attributes["error.type"] == "ConnectError"
