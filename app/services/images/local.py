"""The painter for when no images endpoint is configured: it draws a landscape of its own."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

from app.services.images.painter import DEFAULT_SIDE, Painted, check_size
from app.services.llm.texts import Spent, nobody_asks


class LocalPainter:
    """A ``Painter`` that needs no network and never fails; it says so in its ``name``."""

    name = "local-painter"

    def __init__(self) -> None:
        # Threads of its own, and no more than processors: others, such as those that write files,
        # do not wait behind a row of pictures, and the first one is done before the last.
        self._threads = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="painter")

    async def paint(
        self,
        prompt: str,
        *,
        width: int = DEFAULT_SIDE,
        height: int = DEFAULT_SIDE,
        spent: Spent = nobody_asks,
    ) -> Painted:
        # Here, because it brings Pillow, and most processes never draw.
        from app.services.images.landscape import drawn  # noqa: PLC0415

        check_size(width, height)
        # Some 70 ms of pure computing: on the event loop, every other item would wait for it.
        loop = asyncio.get_running_loop()
        data = await loop.run_in_executor(self._threads, drawn, prompt, width, height)
        return Painted(data, "image/png", width, height)

    async def aclose(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
