"""What to do where a provider refuses a call about files or batches."""

from __future__ import annotations

from collections.abc import Callable

OF_KEYS = {
    401: "Check {0}_API_KEY.",
    403: "Check that {0}_API_KEY may use files and batches.",
}
MISSING = "Check {0}_BASE_URL, which usually ends in /v1: /files and /batches must be there."
GONE = "If it is there all the same, check {0}_BASE_URL."
OTHERWISE = "Check what the requests ask for, and {0}_BASE_URL."


def advice_for(path: str) -> Callable[[int], str]:
    """By the answer's status.

    Args:
        path: of the call, behind the base URL.
    """
    missing = GONE if path.count("/") > 1 else MISSING  # one of them, or all

    def advice(status: int) -> str:
        if status in (404, 405, 410):
            return missing
        if status == 501:
            return MISSING
        return OF_KEYS.get(status, OTHERWISE)

    return advice
