"""The demonstration of ``scene-images``: images that come in side by side, and what is on disk."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from hashlib import sha256

from pydantic import JsonValue
from rich.console import Console

from app.cli.api_client import ApiClient
from app.cli.commands.items import Printer, follow_output
from app.cli.commands.watch import watch_run
from app.cli.demo.stage import Mismatch, Stage, find, get, items_of
from app.cli.output.console import add, number, printable, table
from app.cli.output.progress import Silent
from app.cli.output.run_summary import seconds_of
from app.cli.paths import item_path, run_path
from app.errors import NotFound
from app.schemas.items import ChunkView, ItemAnswer, ItemsAnswer, StepView
from app.schemas.runs import RunAnswer
from app.seed.load import load_committed
from app.services.file_store import FileStore
from app.services.images.local import LocalPainter
from app.workflows.families.scene_images import ImageSet, SceneImage

SCENES = 3
_PATIENCE = 30.0


async def show_scenes(stage: Stage) -> None:
    await load_committed(stage.database)
    async with stage.service() as api:
        family = await find(api, "scene-images")
        dry = await stage.dry_run(api, family, limit=SCENES)
        chosen = tuple(dry.sample[:SCENES])
        stage.console.print(f"\n2. The run, {stage.how}: every image is a step, side by side.")
        run_id = await stage.start(api, family, chosen)
        await _all_there(api, run_id, len(chosen))
        began = (await get(api, RunAnswer, run_path(run_id))).run.created_at
        landing = Landing(stage.console, began)
        paths = [item_path(run_id, item_id, "stream") for item_id in chosen]
        await asyncio.gather(
            *(asyncio.to_thread(follow_output, api, path, landing) for path in paths)
        )
        run = stage.ended(await asyncio.to_thread(watch_run, api, run_id, Silent()))
        sets = {
            item_id: ImageSet.model_validate(item.result)
            for item_id, item in (await items_of(api, run.id)).items()
        }
        images = [image for one in sets.values() for image in one.images]
        if sorted(sets) != sorted(chosen) or landing.files != {image.file for image in images}:
            raise Mismatch("the files that came in are not those of the results.")
        await _check_files(stage, images)
        steps = [step for item_id in chosen for step in await _painting(api, run_id, item_id)]
        await _compare(stage, images, steps)
        await stage.again(api, family, chosen)
    painters = ", ".join(sorted({one.painter for one in sets.values()}))
    stage.console.print(f"\nPainted by {printable(painters)}.")
    if stage.settings.image_base_url is None:
        stage.console.print(
            "It is no model: it draws on this machine, and side by side only as fast as the"
            " processors go. Set IMAGE_BASE_URL (and IMAGE_API_KEY) to have a model paint."
        )


class Landing(Printer):
    """A line for each image, when it has come in."""

    def __init__(self, console: Console, began: datetime) -> None:
        super().__init__(console, as_json=False)
        self.files: set[str] = set()
        self._began = began

    def show(self, chunk: ChunkView, raw: JsonValue) -> None:
        if not isinstance(chunk.data, dict) or not isinstance(raw, dict):
            raise Mismatch("the stream of a scene told of something that is no image.")
        data = chunk.data
        if "prompts" in data:
            return
        self.files.add(str(data["file"]))
        took = (datetime.fromisoformat(str(raw["at"])) - self._began).total_seconds()
        self._line(f"   {took:5.2f} s   image {data['image']} of {data['of']}   {data['file']}")


async def _all_there(api: ApiClient, run_id: str, number: int) -> None:
    """Return when every item has been scheduled, and so has a stream."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            found = await get(api, ItemsAnswer, run_path(run_id, "items"))
            if len(found.items) == number:
                return
            await asyncio.sleep(0.02)


async def _check_files(stage: Stage, images: list[SceneImage]) -> None:
    """Each file has the size and the checksum that its result tells."""
    files = FileStore(stage.settings.files_dir)
    shown = table("File", "Bytes", "Pixels", "SHA-256", right=["Bytes"])
    for image in images:
        try:
            data = await files.read(image.file)
        except NotFound as error:
            raise Mismatch(f"{image.file} is not there.") from error
        if (len(data), sha256(data).hexdigest()) != (image.bytes, image.sha256):
            raise Mismatch(f"{image.file} is not what its result says.")
        size = f"{image.width} x {image.height}"
        add(shown, image.file, number(image.bytes), size, f"{image.sha256[:16]}…")
    stage.console.print()
    stage.console.print(shown)
    where = printable(str(stage.settings.files_dir))
    stage.console.print(f"{len(images)} files in {where}; sizes and checksums are as told.")


async def _painting(api: ApiClient, run_id: str, item_id: str) -> list[StepView]:
    steps = (await get(api, ItemAnswer, item_path(run_id, item_id))).steps
    return [step for step in steps if step.name.startswith("image-")]


async def _compare(stage: Stage, images: list[SceneImage], steps: list[StepView]) -> None:
    """With the time that the same images take one after the other.

    Of a model that is the sum of the steps, which wait for it. What draws here is slowed down by
    its neighbours, so it paints all of them once more, alone.
    """
    ends = [step.finished_at for step in steps if step.finished_at is not None]
    took = (max(ends) - min(step.started_at for step in steps)).total_seconds()
    alone = sum(seconds_of(step) or 0.0 for step in steps)
    if stage.settings.image_base_url is None:
        alone = await _painted_alone(images)
    stage.console.print(
        f"Side by side: {took:.2f} s. The same {len(images)} one after the other: {alone:.2f} s."
    )


async def _painted_alone(images: list[SceneImage]) -> float:
    painter, began = LocalPainter(), time.perf_counter()
    painted = [await painter.paint(image.prompt) for image in images]
    seconds = time.perf_counter() - began
    await painter.aclose()
    if [sha256(one.data).hexdigest() for one in painted] != [image.sha256 for image in images]:
        raise Mismatch("the same prompts, painted once more, became other images.")
    return seconds
