"""The family ``scene-images``: images painted side by side, each a step that is not repeated."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import Any

import httpx2
import pytest
from PIL import Image

from app.bootstrap import make_context
from app.services.file_store import FileStore
from app.workflows.families.scene_images import Params, SceneImages
from tests.support.http import api, assert_problem, fields
from tests.support.network.llm_server import Server, response
from tests.support.service import Opener, Sluice
from tests.support.stepped import remembered

FIVE = [f"image-{n}" for n in range(1, 6)]


@dataclass(frozen=True)
class Case:
    sluice: Sluice
    caller: httpx2.AsyncClient

    @property
    def files(self) -> FileStore:
        return self.sluice.service.services.others[FileStore]  # type: ignore[return-value]

    async def ended(self, **request: Any) -> Any:  # of ProcessRequest; a run
        async with self.sluice.worker():
            return await self.sluice.ended(await self.sluice.start(**request))

    async def preview(self, scene_id: str) -> Any:  # JSON
        body = {"sceneId": scene_id, "dryRun": True}
        answer = await self.caller.post("/api/workflows/scene-images/paint-scene", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def set_of(self, scene_id: str) -> Any:  # a row
        [row] = await self.sluice.sql(
            "SELECT * FROM scene_image_set WHERE scene_id = :id", id=scene_id
        )
        return row


@asynccontextmanager
async def case(opener: Opener, scenes: int = 1, **settings: object) -> AsyncIterator[Case]:
    async with opener(SceneImages(), **settings) as sluice, api(sluice) as caller:
        await sluice.sql(
            "INSERT INTO scene (id, title, description)"
            " SELECT 's' || n, 'Scene ' || n, 'Hills.' FROM generate_series(1, :scenes) AS n",
            scenes=scenes,
        )
        yield Case(sluice, caller)


async def test_a_run_paints_a_set_for_every_scene_and_keeps_each_file_as_it_says(
    opener: Opener,
) -> None:
    async with case(opener, scenes=2) as of:
        run = await of.ended()
        row = await of.set_of("s2")
        [_, item] = await of.sluice.items(run.id)
        steps = [(s.name, s.attempts) for s in await remembered(of.sluice, run.id, "s2")]
        for image in row.images:
            data = await of.files.read(image["file"])
            assert sha256(data).hexdigest() == image["sha256"]
            assert len(data) == image["bytes"]
            with Image.open(BytesIO(data)) as opened:
                assert opened.size == (image["width"], image["height"])
    assert (run.status, run.succeeded) == ("succeeded", 2)
    assert steps[0] == ("prompts", 1)
    assert sorted(steps[1:]) == [(name, 1) for name in FIVE]
    assert (row.painter, row.writer, len(row.images)) == ("local-painter", "local-writer", 5)
    assert len({image["prompt"] for image in row.images}) == 5
    assert [image["file"].split("/")[2][:2] for image in row.images] == [
        f"{n}-" for n in range(1, 6)
    ]
    assert item.result["images"] == row.images


async def test_a_scene_that_is_typed_is_painted_and_no_row_is_made_of_it(opener: Opener) -> None:
    async with case(opener, scenes=0) as of, of.sluice.worker():
        body = {"entity": {"scene": "Boats at the quay."}, "params": {"number": 2}}
        path = "/api/workflows/scene-images/process-scenes"
        told = (await of.caller.post(path, json=body)).json()
        run = await of.sluice.ended(told["runId"])
        [item] = await of.sluice.items(run.id)
        images = item.result["images"]
        for image in images:
            assert sha256(await of.files.read(image["file"])).hexdigest() == image["sha256"]
            assert image["file"].startswith(f"scene-images/{told['itemId']}/")
            assert "Boats at the quay." in image["prompt"]
        rows = await of.sluice.sql("SELECT 1 FROM scene_image_set UNION ALL SELECT 1 FROM scene")
    assert (run.status, run.succeeded, len(images), rows) == ("succeeded", 1, 2, [])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"entity": {"scene": ""}}, "entity.scene"),
        ({"entity": {"scene": "x" * 2_001}}, "entity.scene"),
        ({"entity": {"title": "A harbour"}}, "entity.scene"),
        ({"entity": {"scene": "A harbour", "number": 3}}, "entity.number"),
        ({"entity": {"scene": "A harbour"}, "params": {"number": 0}}, "params.number"),
    ],
)
async def test_what_is_no_scene_is_refused_by_its_field(
    opener: Opener, body: dict[str, object], field: str
) -> None:
    async with case(opener, scenes=0) as of:
        for path in ("process-scenes", "paint-scene"):
            answer = await of.caller.post(f"/api/workflows/scene-images/{path}", json=body)
            assert fields(assert_problem(answer, 422)) == [field]


async def test_each_image_is_told_of_as_it_comes_in(opener: Opener) -> None:
    async with case(opener) as of:
        run = await of.ended()
        answer = await of.caller.get(f"/api/runs/{run.id}/items/s1/stream")
        row = await of.set_of("s1")
    first, *told = [chunk["data"] for chunk in answer.json()["chunks"]]
    assert first == {"prompts": [image["prompt"] for image in row.images]}
    assert sorted((chunk["image"], chunk["file"], chunk["prompt"]) for chunk in told) == [
        (n, image["file"], image["prompt"]) for n, image in enumerate(row.images, start=1)
    ]
    assert {chunk["of"] for chunk in told} == {5}


async def test_a_set_that_is_large_enough_is_left_alone_and_a_smaller_one_painted_anew(
    opener: Opener,
) -> None:
    async with case(opener) as of:
        await of.ended(params=Params(number=2))
        before = await of.set_of("s1")
        enough = await of.ended(params=Params(number=1))
        more = await of.ended(params=Params(number=3))
        after = await of.set_of("s1")
        for image in (*before.images, *after.images):
            assert await of.files.checksum(image["file"]) == image["sha256"]
    assert (enough.to_process, enough.already_processed) == (0, 1)
    assert (more.succeeded, len(before.images), len(after.images)) == (1, 2, 3)


@pytest.mark.parametrize("number", [0, 11])
def test_a_number_of_images_that_no_writer_has_prompts_for_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="number"):
        Params(number=number)


async def test_a_preview_paints_names_the_files_and_keeps_none(opener: Opener) -> None:
    async with case(opener) as of:
        before = await of.preview("s1")
        for image in before["result"]["images"]:
            assert await of.files.checksum(image["file"]) is None
        run = await of.ended()
        again = await of.preview("s1")
    assert run.status == "succeeded"
    assert (before["outcome"], before["before"]) == ("succeeded", None)
    assert again["before"] == again["after"] == before["result"]
    assert again["diff"] == ""


async def test_what_is_stored_is_the_set_of_the_table_and_nothing_is_none(opener: Opener) -> None:
    async with case(opener) as of:
        family, service = SceneImages(), of.sluice.service
        ctx = make_context(service.services, of.sluice.bound())
        assert await family.stored("s1", Params(), ctx) is None
        [result] = [item.result for item in await of.sluice.items((await of.ended()).id)]
        stored = await family.stored("s1", Params(), ctx)
    assert stored is not None
    assert stored.model_dump(mode="json") == result


def image_reply(colour: int) -> bytes:
    file = BytesIO()
    Image.new("RGB", (64, 64), (colour, 0, 0)).save(file, "PNG")
    data = {"b64_json": base64.b64encode(file.getvalue()).decode()}
    return response(200, json.dumps({"data": [data], "usage": {"total_tokens": 7}}).encode())


REFUSED = response(400, b'{"error": {"message": "content policy"}}')
LATER = response(429, b'{"error": {"message": "slow down"}}', "Retry-After: 1")


@pytest.fixture
async def model(no_proxy: None) -> AsyncIterator[Server]:
    """A painter behind a socket, by a script of answers."""
    server = Server()
    await server.start()
    yield server
    await server.stop()


async def test_what_is_painted_is_not_paid_for_again_when_the_model_asks_for_a_pause(
    opener: Opener, model: Server
) -> None:
    model.answers = [image_reply(1), LATER, image_reply(2), image_reply(3), image_reply(4)]
    async with case(opener, image_base_url=model.url, image_model="brush-1") as of:
        run = await of.ended(params=Params(number=4))
        row = await of.set_of("s1")
    assert (run.status, run.spent_tokens, row.painter) == ("succeeded", 28, "brush-1")
    assert len(model.requests) == 5  # of which one was put off
    assert len({image["sha256"] for image in row.images}) == 4


async def test_a_prompt_that_the_model_refuses_fails_the_scene_at_once(
    opener: Opener, model: Server
) -> None:
    model.answers = [REFUSED]
    async with case(opener, image_base_url=model.url) as of:
        run = await of.ended(params=Params(number=1))
        [item] = await of.sluice.items(run.id)
    assert (item.status, item.error_class, item.attempts) == ("failed", "LlmRefused", 1)
    assert len(model.requests) == 1
