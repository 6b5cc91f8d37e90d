"""Reading the URL of a Postgres as libpq and hosting platforms write it.

https://www.postgresql.org/docs/18/libpq-connect.html is the list of the parameters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from app.connections.url import Parts, port_number, take_apart

SCHEMES = ("postgresql", "postgres")
PASSED_ON = frozenset({
    "sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslpassword", "sslnegotiation",
    "ssl_min_protocol_version", "ssl_max_protocol_version", "target_session_attrs", "krbsrvname",
    "gsslib", "passfile", "service",
})  # fmt: skip
"""What asyncpg itself reads in a DSN."""
SETTINGS = frozenset({
    "search_path", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout",
    "timezone", "jit", "role",
})  # fmt: skip
"""Settings of Postgres that drivers take as parameters; every other one goes into ``options``."""
NUMBERS = (
    "connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
    "tcp_user_timeout",
)  # fmt: skip
NO_MATTER = frozenset({
    "pgbouncer", "connection_limit", "pool_timeout", "statement_cache_size",
    "prepared_statement_cache_size", "sslsni", "sslcompression", "requirepeer",
})  # fmt: skip
"""Other drivers need them said. A pooler we find by ourselves, and ours is the pool's size."""
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
ALLOWED = {
    "sslmode": SSL_MODES,
    "target_session_attrs": (
        "any", "read-write", "read-only", "primary", "standby", "prefer-standby",
    ),
    "channel_binding": ("disable", "prefer", "require"),
    "gssencmode": ("disable", "prefer"),
    "load_balance_hosts": ("disable", "random"),
    "client_encoding": ("utf8", "utf-8", "auto", "unicode"),
}  # fmt: skip
_OPTION = re.compile(r"(?:-c\s*|--)([A-Za-z_][\w.-]*)=((?:\\.|[^\s\\])*)\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class PostgresUrl:
    """``settings``: of Postgres, for each connection. ``driver``: what asyncpg reads in a DSN."""

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    hosts: tuple[tuple[str, int | None], ...] = ()
    database: str | None = None
    application_name: str | None = None
    driver: Mapping[str, str] = field(default_factory=dict, repr=False)
    settings: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    """Of ``NUMBERS`` those that are named."""
    shuffled: bool = False
    """Each connection tries the hosts in another order."""

    @classmethod
    def parse(cls, url: str) -> PostgresUrl:
        """
        Raises:
            ValueError: with the end of a sentence that begins with the setting's name. It holds no
                part of the URL but the name of a parameter.
        """
        parts = take_apart(url)
        if parts.scheme.partition("+")[0] not in SCHEMES:
            raise ValueError(f"must begin with {' or '.join(f'{s}://' for s in SCHEMES)}")
        return _Reading(parts).result()

    def with_database(self, name: str) -> PostgresUrl:
        return replace(self, database=name)

    def __str__(self) -> str:
        """The URL with its password: never show it."""
        account = "" if self.user is None else quote(self.user, safe="")
        if self.password is not None:
            account += f":{quote(self.password, safe='')}"
        query: dict[str, object] = {**self.driver, **self.numbers}
        sockets = any(host.startswith("/") for host, _ in self.hosts)
        if sockets:
            query["host"] = ",".join(host for host, _ in self.hosts)
            if any(port for _, port in self.hosts):
                query["port"] = ",".join(str(port or 5432) for _, port in self.hosts)
        if self.application_name is not None:
            query["application_name"] = self.application_name
        if self.settings:
            query["options"] = " ".join(f"-c{k}={_escaped(v)}" for k, v in self.settings.items())
        if self.shuffled:
            query["load_balance_hosts"] = "random"
        place = "" if sockets else ",".join(_shown(*host) for host in self.hosts)
        tail = "&".join(f"{name}={quote(str(value), safe='/')}" for name, value in query.items())
        return (
            f"postgresql://{account and account + '@'}{place}"
            f"/{quote(self.database or '', safe='')}{tail and '?' + tail}"
        )


class _Reading:
    """One URL's parameters, read one by one."""

    def __init__(self, parts: Parts) -> None:
        self._found = PostgresUrl(parts.user, parts.password, parts.hosts, parts.path or None)
        self._parts = parts
        self._driver: dict[str, str] = {}
        self._settings: dict[str, str] = {}
        self._numbers: dict[str, int] = {}
        self._more: dict[str, str] = {}
        for name, value in parts.query:
            self._read(name, value)

    def result(self) -> PostgresUrl:
        more = self._more
        hosts = self._found.hosts
        if "host" in more or "hostaddr" in more:
            names = (more.get("host") or more.get("hostaddr") or "").split(",")
            hosts = tuple((name, None) for name in names)
        if "port" in more:
            ports = [port_number(port) for port in more["port"].split(",")]
            if len(ports) not in (1, len(hosts) or 1):
                raise ValueError("port: it names another number of ports than there are hosts")
            names = [name for name, _ in hosts] or ["localhost"]
            ports = ports * len(names) if len(ports) == 1 else ports
            hosts = tuple(zip(names, ports, strict=True))
        return replace(
            self._found,
            hosts=hosts,
            user=more.get("user", self._found.user),
            password=more.get("password", self._found.password),
            database=more.get("dbname", more.get("database", self._found.database)),
            application_name=more.get("application_name", more.get("fallback_application_name")),
            driver=self._driver,
            settings=self._settings,
            numbers=self._numbers,
            shuffled=more.get("load_balance_hosts") == "random",
        )

    def _read(self, name: str, value: str) -> None:
        allowed = ALLOWED.get(name)
        if name == "ssl":  # other drivers' word
            on = {"true": "require", "1": "require", "false": "disable", "0": "disable"}
            name, value, allowed = "sslmode", on.get(value.lower(), value), SSL_MODES
        if name == "sslmode" and value == "no-verify":
            value = "require"
        if allowed is not None and value.lower() not in allowed:
            raise ValueError(f"{name} can be {', '.join(allowed)}, and is something else")
        if name in PASSED_ON:
            self._driver[name] = value
        elif name in NUMBERS:
            self._numbers[name] = _number(name, value)
        elif name.lower() in SETTINGS:
            self._settings[name] = value
        elif name == "options":
            self._settings.update(_options(value))
        elif name in _PLACES or name in ALLOWED:
            self._more[name] = value
        elif name not in NO_MATTER:
            raise self._parts.unknown(
                name,
                "leave it out, or set what is a setting of Postgres with options=-cNAME%3DVALUE",
            )


_PLACES = frozenset({
    "host", "hostaddr", "port", "user", "password", "dbname", "database", "application_name",
    "fallback_application_name",
})  # fmt: skip


def _number(name: str, value: str) -> int:
    if not re.fullmatch(r"-?\d{1,9}", value, re.ASCII):
        raise ValueError(f"{name} is no whole number")
    return int(value)


def _options(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    position, text = 0, text.strip()
    while position < len(text):
        option = _OPTION.match(text, position)
        if option is None:
            raise ValueError("options can be -cNAME=VALUE, several with a space between, and no"
                             " more")  # fmt: skip
        found[option[1]] = re.sub(r"\\(.)", r"\1", option[2])
        position = option.end()
    return found


def _escaped(value: str) -> str:
    return re.sub(r"([\s\\])", r"\\\1", value)


def _shown(host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else quote(host, safe="")
    return name if port is None else f"{name}:{port}"


def changed(url: str, change: Callable[[PostgresUrl], PostgresUrl]) -> str:
    return str(change(PostgresUrl.parse(url)))


def with_database(url: str, name: str) -> str:
    """The URL of another database of the same server."""
    return changed(url, lambda parsed: parsed.with_database(name))
