"""A request for an answer of a shape, in a provider's batch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from app.cli.demo.batches.local_provider import Answer, LocalProvider
from app.cli.demo.batches.provider_server import provider_server
from app.services.llm.chat import ChatMessage, chat_request, read_answer
from app.workflows.family import Context
from tests.support.service import Opener
from tests.workflows.deferred.asking import Deferring, asking


class Description(BaseModel):
    text: str


class Describing(Deferring):
    async def _ask(self, item: str, ctx: Context) -> str:
        body = chat_request("small-1", [ChatMessage("user", item)], Description)
        reply = await ctx.deferred("describe", body)
        return read_answer(reply.text, Description).text


def described(body: Mapping[str, Any]) -> Answer:
    assert body["response_format"]["json_schema"]["name"] == "Description"
    said = body["messages"][0]["content"]
    content = "rubbish" if said == "u00002" else json.dumps({"text": f"A fine {said}"})
    choice = {"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    return 200, {"choices": [choice], "usage": {"total_tokens": 3}}


async def test_an_answer_of_a_shape_is_read_and_one_that_has_it_not_fails_its_item(
    opener: Opener, no_proxy: None
) -> None:
    family = Describing()
    async with (
        provider_server(LocalProvider(described)) as server,
        asking(opener, server)(family) as sluice,
    ):
        run = await sluice.played(3)
        rows = {row.item_id: row for row in await sluice.items(run.id)}
    assert (run.succeeded, run.failed, run.spent_tokens) == (2, 1, 9)
    assert family.results == {"u00001": "A fine u00001", "u00003": "A fine u00003"}
    assert rows["u00002"].error_class == "LlmReplyInvalid"
