"""How busy this machine is with others, as what waits for the processor sees it."""

from __future__ import annotations

import time


def stretch() -> float:
    """How many times as long as alone anything takes just now, because others have the machine."""
    began, at_work = time.monotonic(), time.thread_time()
    while time.thread_time() - at_work < 0.02:
        pass
    return (time.monotonic() - began) / (time.thread_time() - at_work)
