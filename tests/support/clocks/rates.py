"""Whether a rate was kept, said so that a machine that is late makes it only truer."""

from __future__ import annotations

from collections.abc import Iterable


def assert_rate_kept(
    starts: Iterable[float], since: float, interval: float, *, clock: float = 0.0
) -> None:
    """No start comes before its turn: the first one's is at ``since`` and each further one's an
    interval later. How far two measured starts are apart says less: where the former is measured
    late, they look too close.

    Args:
        since: a moment before the first start can have been allowed.
        clock: seconds by which the clock of who starts is coarser than ours.
    """
    early = [
        (number, start - since)
        for number, start in enumerate(sorted(starts))
        if start < since + number * interval - clock
    ]
    assert not early, early
