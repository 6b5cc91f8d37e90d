"""Where a worker's processor time goes: the stack at every other millisecond of it."""

from __future__ import annotations

import json
import signal
from collections import Counter
from pathlib import Path
from types import FrameType

EVERY = 0.002
"""Seconds of processor time."""

_APP = str(Path(__file__).resolve().parents[1] / "app") + "/"


class Sampler:
    """Counts, from ``start`` on, which of our modules the process was in, or which library."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def start(self) -> None:
        signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)

    def stop(self, out: Path) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        out.write_text(json.dumps(self._seen.most_common()))

    def _look(self, _signal: int, frame: FrameType | None) -> None:
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(_APP):
                self._seen[name.removeprefix(_APP)] += 1
                return
            frame = frame.f_back
        self._seen["event loop and driver"] += 1
