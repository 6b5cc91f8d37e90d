"""How much a caller may take of the server before it is known who calls."""

from __future__ import annotations

import resource
from dataclasses import dataclass, field

from app.settings import Settings

MOST_CONNECTIONS = 4_000
"""Whatever the descriptors allow: each costs memory too, up to 22 kB with half a large header."""
LARGEST_ADDRESS = 8_192
"""Bytes of path and query. No address of ours is a quarter as long."""
_OTHER_DESCRIPTORS = 64
"""Of the process itself: what it listens on, logs, Redis, an embedded server, files of the
console."""


def descriptors() -> int:
    """How many files and sockets this process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1_000_000 if soft == resource.RLIM_INFINITY else soft


def accepted_at_once(allowed: int | None = None) -> int:
    """The listening socket's queue. All of it may be accepted before one connection too many can be
    closed, so few descriptors allow for a short one only.

    Args:
        allowed: descriptors; None: as many as this process may have.
    """
    return max(16, min(2_048, (allowed or descriptors()) // 8))


def most_connections(used: int, allowed: int | None = None) -> int:
    """Callers' connections that fit into the descriptors.

    Args:
        used: descriptors that the process's own work takes at the most.
        allowed: descriptors in all; None: as many as this process may have.
    """
    allowed = allowed or descriptors()
    free = allowed - _OTHER_DESCRIPTORS - used - 2 * accepted_at_once(allowed)
    return min(MOST_CONNECTIONS, max(free, allowed // 4))


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """
    Args:
        header_bytes: of all header fields of a request.
        head_timeout: seconds in which a request's address and header must be whole.
        body_timeout: seconds from then on, in which its body must be.
        connections: open at once.
        connections_per_address: of them, from one address as the socket sees it; None: all.
    """

    header_bytes: int = 16_384
    head_timeout: float = 10
    body_timeout: float = 30
    connections: int = field(default_factory=lambda: most_connections(used=0))
    connections_per_address: int | None = None


def limits_of(settings: Settings, *, with_worker: bool, allowed: int | None = None) -> ServerLimits:
    """
    Args:
        allowed: descriptors; None: as many as this process may have.
    """
    # Two pools of families' code and Sluice's own, as docs/guides/running.md counts them; and an
    # item at work may have a call under way.
    used = 2 * settings.pool_size + 20 + (settings.worker_concurrency if with_worker else 0)
    fit = most_connections(used, allowed)
    return ServerLimits(
        header_bytes=settings.max_header_bytes,
        head_timeout=settings.head_timeout,
        body_timeout=settings.body_timeout,
        connections=min(fit, settings.max_connections or fit),
        connections_per_address=settings.max_connections_per_address,
    )
