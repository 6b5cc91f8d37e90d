"""Values of settings that are more than a number or a word: what they may be."""

from __future__ import annotations

import base64
import re
from ipaddress import IPv4Network, IPv6Network, ip_network

from pydantic import SecretStr

Network = IPv4Network | IPv6Network


def schema_name(value: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", value) or value.startswith("pg_"):
        raise ValueError(
            "must be a name of small letters, digits and underscores, such as sluice, and not begin"
            " with pg_"
        )
    if value in ("public", "information_schema"):
        raise ValueError("must be a schema of Sluice's own: public is the application's")
    # Here, because it takes long, and most commands need nothing else of SQLAlchemy.
    from sqlalchemy.dialects.postgresql.base import RESERVED_WORDS  # noqa: PLC0415

    if value in RESERVED_WORDS:
        raise ValueError("must be no word of SQL's own")
    return value


def sealing_keys(value: SecretStr | None) -> SecretStr | None:
    for key in [] if value is None else value.get_secret_value().split(","):
        try:
            of_32_bytes = len(base64.urlsafe_b64decode(key.strip())) == 32
        except ValueError:
            of_32_bytes = False
        if not of_32_bytes:
            raise ValueError("must be 32 bytes as base64, as `openssl rand -base64 32` makes them")
    return value


def networks(value: object) -> object:
    """A list with commas; an address stands for itself."""
    if not isinstance(value, str):
        return value
    try:
        return tuple(ip_network(one.strip()) for one in value.split(",") if one.strip())
    except ValueError:
        raise ValueError(
            "must be networks such as 10.1.0.0/16, or addresses, with commas between, and no bits"
            " of an address behind a network's length"
        ) from None
