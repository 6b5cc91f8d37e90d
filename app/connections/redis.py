"""Opening a Redis: what every place that connects goes through."""

from __future__ import annotations

import ssl

from redis.asyncio import Redis

from app.connections.redis_url import plain_redis_url
from app.errors import ConfigurationError

SECONDS = 5.0
"""That a call may take, and that connecting may, unless the URL says otherwise."""


def open_redis(url: str) -> Redis:
    """
    Raises:
        ConfigurationError: the URL cannot be used.
    """
    try:
        plain = plain_redis_url(url)
        return Redis.from_url(plain, socket_timeout=SECONDS, socket_connect_timeout=SECONDS)
    except (ValueError, ssl.SSLError) as error:
        reason = str(error) if type(error) is ValueError else type(error).__name__
        raise ConfigurationError(f"REDIS_URL cannot be used: {reason}.") from None
