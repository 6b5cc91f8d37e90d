"""Where messages may go: to which addresses of the network, and how a URL is shown.

Whoever may add a target could otherwise have this service call what only it can reach: the metadata
of a cloud, a database's port, a service behind the firewall (SSRF).
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

import httpx2

from app.errors import BadInput

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
LookUp = Callable[[str, int], list[Address]]
"""The addresses of a name, for a port."""

LONGEST_URL = 2_000
"""Characters."""
RESOLVERS = 32
"""Threads: a name server that is silent holds one for as long as the system waits for it."""
_NAT64 = ip_network("64:ff9b::/96")
_COMPATIBLE = ip_network("::/96")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
SETTING = "SLUICE_NOTIFY_PRIVATE"


class AddressRefused(Exception):
    """A sentence that says why nothing is sent there."""


class NoAddress(AddressRefused):
    """Nobody here knows the name."""


def within(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, as far as it stands for one."""
    if isinstance(address, IPv4Address):
        return address
    embedded = address.ipv4_mapped or address.sixtofour
    if embedded is None and address.teredo is not None:
        embedded = address.teredo[1]
    if embedded is None and (address in _NAT64 or address in _COMPATIBLE):
        embedded = IPv4Address(int(address) & 0xFFFFFFFF)
    return address if embedded is None or address.is_loopback else embedded


def is_public(address: Address) -> bool:
    address = within(address)
    if isinstance(address, IPv6Address) and address.is_site_local:
        return False  # what fc00::/7 is now: networks inside may have it still
    return address.is_global and not (address.is_multicast or address.is_reserved)


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """
    Args:
        private: networks that are not public, and may be called nevertheless.
    """

    private: Sequence[Network] = ()

    def allowed_privately(self, address: Address) -> bool:
        """Named by the setting, as it is or as what it stands for."""
        return any(
            one.version == network.version and one in network
            for network in self.private
            for one in (address, within(address))
        )

    def require(self, address: Address, *, encrypted: bool) -> None:
        """
        Raises:
            AddressRefused: it is not public and not among ``private``, or what is sent there could
                be read on the way.
        """
        if self.allowed_privately(address):
            return
        if not is_public(address):
            raise AddressRefused(
                "Its address is on a private network, or on this machine. Where that is meant, name"
                f" the network in {SETTING}."
            )
        if not encrypted:
            raise AddressRefused(
                "It must be reached by https: only to a network that is named in"
                f" {SETTING} is anything sent by http."
            )


def parse_url(text: str) -> httpx2.URL:
    """
    Raises:
        BadInput: nothing can be sent there, whatever the address is. It never quotes the URL.
    """
    fault = None
    try:
        url = httpx2.URL(text)
    except (httpx2.InvalidURL, ValueError):
        raise BadInput("url must be such as https://example.com/hook.", field="url") from None
    if len(text) > LONGEST_URL or not (text.isascii() and text.isprintable()) or " " in text:
        fault = f"be of at most {LONGEST_URL:,} printable ASCII characters, without spaces"
    elif url.scheme not in ("https", "http") or not url.host:
        fault = "begin with https:// and a host, such as https://example.com/hook"
    elif url.userinfo:
        fault = "have no user and no password in it: the signature says who sends"
    elif url.fragment:
        fault = "have no fragment, which is never sent"
    elif not _HOST.fullmatch(url.raw_host.decode("ascii")):
        fault = "have a host that is a name, or an address without a zone"
    elif url.port is not None and not 0 < url.port < 65_536:
        fault = "have a port from 1 to 65535"
    if fault is not None:
        raise BadInput(f"url must {fault}.", field="url")
    return url


def shown(url: httpx2.URL) -> str:
    """Without what may be a secret in it, as the path of a Slack webhook is one."""
    more = url.raw_path not in (b"", b"/")
    return f"{url.scheme}://{url.netloc.decode('ascii')}/{'…' if more else ''}"


def _look_up(name: str, port: int) -> list[Address]:
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    told = (str(place[0]).partition("%")[0] for *_, place in found)
    return [ip_address(one) for one in dict.fromkeys(told)]


class Resolver:
    """Looks names up in threads of its own, so that a name server that is silent keeps nobody else
    from one; and each name in one of them, because a thread outlasts whoever gave up waiting."""

    def __init__(self, look_up: LookUp = _look_up) -> None:
        self._threads = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="resolver")
        self._look_up = look_up
        self._under_way: dict[tuple[str, int], asyncio.Future[list[Address]]] = {}

    async def addresses(self, url: httpx2.URL) -> list[Address]:
        """Those of its host, in the system's order; also one that is written as one number, or in
        hexadecimal.

        Raises:
            NoAddress
        """
        port = url.port or (443 if url.scheme == "https" else 80)
        place = (url.raw_host.decode("ascii").strip("[]"), port)
        found = self._under_way.get(place)
        if found is None:
            loop = asyncio.get_running_loop()
            found = loop.run_in_executor(self._threads, self._look_up, *place)
            self._under_way[place] = found
            found.add_done_callback(partial(self._ended, place))
        try:
            return list(await asyncio.shield(found))
        except (OSError, UnicodeError):
            raise NoAddress("Its host has no address: is its name spelt right?") from None

    def _ended(self, place: tuple[str, int], found: asyncio.Future[list[Address]]) -> None:
        self._under_way.pop(place, None)
        if not found.cancelled():
            found.exception()  # perhaps nobody waits for it any more

    def close(self) -> None:
        """Without waiting: a name server that is silent must not hold up the stop."""
        for found in list(self._under_way.values()):
            found.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)
