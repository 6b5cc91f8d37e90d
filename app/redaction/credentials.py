"""Secrets that are known by where they stand, whoever made them: answer links, session cookies,
Authorization headers, passwords in URLs, keys of webhooks, addresses of Slack's."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FORMS = (
    # A route's template is none: /answer/{token}.
    ("/answer/", re.compile(r"/answer/(?P<secret>[^\s\"'<>?#{}()\[\],]{16,})")),
    ("_session", re.compile(r"sluice_session[\"']?\s*[=:]\s*[\"']?(?P<secret>[^\s;,\"']{8,})")),
    ("earer ", re.compile(r"[Bb]earer +(?P<secret>[A-Za-z0-9+/_.~=-]{16,})")),
    (
        "uthorization",
        re.compile(r"[Aa]uthorization\W{1,6}(?:[Bb]asic|[Bb]earer)\s+(?P<secret>[^\s\"',]{4,})"),
    ),
    ("whsec_", re.compile(r"whsec_(?P<secret>[A-Za-z0-9+/_=-]{16,})")),
    ("slack.com/", re.compile(r"slack\.com/(services|workflows|triggers)/(?P<secret>[\w/-]{8,})")),
    ("://", re.compile(r"://[^\s/@:\"'?#]*:(?P<secret>[^\s/@\"']+)@")),
)
"""With what must be in a text for the pattern to be worth a try."""


def credentials(text: str) -> Iterator[tuple[int, int]]:
    """From where to where each stands."""
    for mark, form in _FORMS:
        if mark in text:
            for match in form.finditer(text):
                yield match.span("secret")
