"""What a target is sent: JSON by the Standard Webhooks specification, or a text for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote

from app.store.notifications.deliveries import ClaimedDelivery
from app.store.notifications.event_types import EventType, TargetKind

LONGEST_DETAIL = 1_000
"""Characters, in a text for people."""
WHAT = {
    EventType.RUN_PAUSED: "is paused",
    EventType.RUN_WAITING: "waits for an approval",
    EventType.RUN_SUCCEEDED: "has succeeded",
    EventType.RUN_PARTIAL: "has ended, and some of it did not succeed",
    EventType.RUN_FAILED: "has failed",
    EventType.RUN_CANCELLED: "is cancelled",
}


def body_of(delivery: ClaimedDelivery, base_url: str) -> bytes:
    """The same in each attempt.

    Args:
        base_url: under which people reach the console.
    """
    url = link(base_url, delivery.run_id)
    if delivery.kind == TargetKind.SLACK:
        told: Mapping[str, object] = {"text": text_of(delivery, url)}
    else:
        data: dict[str, object] = {**delivery.data, "url": url}
        if delivery.event == EventType.ITEM_SUSPENDED:
            data |= {"items": delivery.items, "sample": delivery.sample}
        at = delivery.created_at.isoformat()
        told = {"type": delivery.event, "timestamp": at, "data": data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def link(base_url: str, run_id: str | None) -> str:
    """Into the console. Never one by which somebody could answer, or approve: whoever reads what is
    told has no token."""
    place = "" if run_id is None else f"/runs/{quote(run_id, safe='')}"
    return f"{base_url.rstrip('/')}/console{place}"


def text_of(delivery: ClaimedDelivery, url: str) -> str:
    """In the mark-up of Slack."""
    if delivery.event == EventType.TEST:
        return f"This is a test of <{url}|Sluice>: messages arrive here."
    run = f"{_plain(delivery.family)}: <{url}|{_plain(delivery.run_id)}>"
    if delivery.event == EventType.ITEM_SUSPENDED:
        which = ", ".join(map(_plain, delivery.sample or ()))
        if delivery.items == 1:
            return f"{run}: the item {which} waits for a person."
        more = "" if delivery.items <= len(delivery.sample or ()) else ", …"
        return f"{run}: {delivery.items:,} items wait for a person ({which}{more})."
    detail = delivery.data.get("detail")
    said = "." if not detail else f": {_plain(detail)[:LONGEST_DETAIL]}"
    return f"{run} {WHAT[EventType(delivery.event)]}{said}{_counters(delivery.data)}"


def _counters(data: Mapping[str, object]) -> str:
    counters = data.get("counters")
    if not isinstance(counters, Mapping):
        return ""
    named = [f"{number:,} {_WORDS.get(name, name)}" for name, number in counters.items() if number]
    return f" ({', '.join(named)})" if named else ""


_WORDS = {"timedOut": "timed out"}


def _plain(value: object) -> str:
    """What Slack would take for mark-up is none."""
    text = str(value)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
