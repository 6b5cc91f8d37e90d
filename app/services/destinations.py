"""Where families send what they have made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Destinations:
    """Addresses outside, each None where the settings name none."""

    posts_url: str | None = None
    """``review-post`` publishes by a POST to it."""
