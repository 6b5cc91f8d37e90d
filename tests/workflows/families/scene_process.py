"""Workers for ``scene-images`` as processes, which kill themselves between two steps.

Run as ``python -m tests.workflows.families.scene_process DSN REDIS_URL PREFIX FOLDER ORDERLY``.
A scene is named for the boundary at which the process that works on it dies, once: ``prompts`` and
``image-1`` to ``image-5`` when this step is remembered and nothing has begun after it, ``save``
when the set is saved and its outcome is not. Each step leaves a row in the table ``evidence``, each
death one in ``death``.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import uvloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.bootstrap import Urls, open_service
from app.logs import configure_logs
from app.services.images.local import LocalPainter
from app.services.images.painter import DEFAULT_SIDE, MIN_SIDE, Painted, Painter
from app.services.llm.scenes import SceneCard
from app.services.llm.texts import Spent, nobody_asks
from app.services.llm.writer import TextWriter
from app.services.offline.writer import LocalWriter
from app.settings import Settings
from app.store.database import open_database, reading
from app.workflows.families.scene_images import ImageSet, Params, SceneImages, SceneText
from app.workflows.family import Context, Flow
from tests.support.patience import PATIENCE
from tests.support.processes.copied import ROOT

IMAGES = 5
BOUNDARIES = ("prompts", *(f"image-{n}" for n in range(1, IMAGES + 1)), "save")
TABLES = (
    "CREATE TABLE evidence (scene text, step text)",
    "CREATE TABLE death (scene text PRIMARY KEY)",
)


@dataclass(frozen=True)
class Witness:
    """Writes down what was done, and ends the process where its scene says so.

    ``orderly``: images are painted one after the other, and the process is mortal.
    """

    database: AsyncEngine
    orderly: bool

    async def note(self, scene: str, step: str) -> None:
        async with self.database.begin() as tx:
            row = {"scene": scene, "step": step}
            await tx.execute(text("INSERT INTO evidence VALUES (:scene, :step)"), row)

    async def passed(self, scene: str, boundary: str) -> None:
        if self.orderly and scene == boundary:
            once = "INSERT INTO death VALUES (:scene) ON CONFLICT DO NOTHING RETURNING 1"
            async with self.database.begin() as tx:
                dies = (await tx.execute(text(once), {"scene": scene})).scalar() is not None
            if dies:
                os.kill(os.getpid(), signal.SIGKILL)

    async def remembered(self, scene: str, step: str) -> None:
        """Return once the step is."""
        find = "SELECT 1 FROM sluice.step WHERE (item_id, name, status) = (:scene, :step, 'done')"
        while self.orderly:
            async with reading(self.database) as connection:
                found = await connection.execute(text(find), {"scene": scene, "step": step})
                if found.first() is not None:
                    return
            await asyncio.sleep(0.005)


class WitnessedWriter(LocalWriter):
    """Its prompts say of which scene they are, and which one."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    async def scene_prompts(
        self, scene: SceneCard, count: int, *, spent: Spent = nobody_asks
    ) -> list[str]:
        await self._witness.note(scene.title, "prompts")
        return [f"{scene.title} {n}" for n in range(1, count + 1)]


class WitnessedPainter(LocalPainter):
    """Paints small, so that it is quick."""

    def __init__(self, witness: Witness) -> None:
        super().__init__()
        self._witness = witness

    async def paint(
        self,
        prompt: str,
        *,
        width: int = DEFAULT_SIDE,
        height: int = DEFAULT_SIDE,
        spent: Spent = nobody_asks,
    ) -> Painted:
        scene, n = prompt.split()
        former = f"image-{int(n) - 1}" if int(n) > 1 else "prompts"
        await self._witness.remembered(scene, former)
        await self._witness.passed(scene, former)
        await self._witness.note(scene, f"image-{n}")
        return await super().paint(prompt, width=MIN_SIDE, height=MIN_SIDE)


class MortalSceneImages(SceneImages):
    """Dies before it saves, or when it has."""

    flow = Flow()  # the slots of the dead would be missed for seconds

    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    async def save(self, entity: SceneText, result: ImageSet, params: Params, ctx: Context) -> None:
        scene = str(ctx.item_id)
        await self._witness.passed(scene, f"image-{IMAGES}")
        await super().save(entity, result, params, ctx)
        await self._witness.note(scene, "save")
        await self._witness.passed(scene, "save")


@asynccontextmanager
async def mortal_workers(
    urls: Urls, prefix: str, files: Path, *, orderly: bool
) -> AsyncIterator[None]:
    """A worker, and another one whenever it was killed; at the end it must stop cleanly."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.workflows.families.scene_process",
        prefix, str(files), str(int(orderly)),
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": urls.database, "REDIS_URL": urls.redis},
        start_new_session=True,
    )  # fmt: skip
    try:
        yield
        os.killpg(process.pid, signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            assert await process.wait() == 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def supervise(*arguments: str) -> None:
    """By forks of a process that has imported everything, which takes longer than their lives."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is for the worker, which says when to end
    while pid := os.fork():
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code != -signal.SIGKILL:
            sys.exit(code)
    uvloop.run(main(*arguments))


async def main(prefix: str, files: str, orderly: str) -> None:
    configure_logs("error", "json")
    urls = Urls(os.environ["DATABASE_URL"], os.environ["REDIS_URL"])
    settings = Settings.model_validate(
        {
            "SLUICE_REDIS_PREFIX": prefix,
            "SLUICE_FILES_DIR": files,
            "SLUICE_WORKER_HEARTBEAT": 1,
            "SLUICE_WORKER_CONCURRENCY": 1,  # else a death would interrupt other scenes' steps
        }
    )
    database = open_database(urls.database, pool_size=2)
    witness = Witness(database, orderly == "1")
    doubles: dict[type, object] = {
        Painter: WitnessedPainter(witness),
        TextWriter: WitnessedWriter(witness),
    }
    families = [MortalSceneImages(witness)]
    async with open_service(settings, urls, families) as service:
        services = replace(service.services, others={**service.services.others, **doubles})
        worker = replace(service, services=services).worker()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
        await worker.run()
    await database.dispose()


if __name__ == "__main__":
    supervise(*sys.argv[1:])
