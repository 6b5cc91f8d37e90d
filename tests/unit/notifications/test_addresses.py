"""Which addresses are told anything, however they are written."""

from __future__ import annotations

import asyncio
import threading
from ipaddress import ip_address, ip_network

import pytest

from app.errors import BadInput
from app.workflows.notifications.addresses import (
    RESOLVERS,
    Address,
    AddressPolicy,
    AddressRefused,
    NoAddress,
    Resolver,
    is_public,
    parse_url,
    shown,
)
from tests.support.patience import PATIENCE

PRIVATE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1",  # noqa: S104
    "169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fec0::1", "fc00::1", "fd12::1", "ff02::1",
    "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:a00:1::1",
]  # fmt: skip
PUBLIC = [
    "93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_no_address_of_a_private_network_is_public_whatever_it_is_wrapped_in(address: str) -> None:
    assert not is_public(ip_address(address))
    with pytest.raises(AddressRefused, match="on a private network, or on this machine"):
        AddressPolicy().require(ip_address(address), encrypted=True)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_and_must_be_reached_by_https(address: str) -> None:
    policy = AddressPolicy()
    policy.require(ip_address(address), encrypted=True)
    with pytest.raises(AddressRefused, match="must be reached by https"):
        policy.require(ip_address(address), encrypted=False)


def test_a_network_that_is_named_may_be_told_and_no_other() -> None:
    policy = AddressPolicy([ip_network("10.1.0.0/16"), ip_network("::1")])
    for allowed in ("10.1.2.3", "::ffff:10.1.2.3", "::1"):
        policy.require(ip_address(allowed), encrypted=False)
    for refused in ("10.2.0.1", "127.0.0.1", "::ffff:127.0.0.1"):
        with pytest.raises(AddressRefused):
            policy.require(ip_address(refused), encrypted=True)


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "2130706433", "0x7f000001", "127.1", "[::1]",
     "[::ffff:7f00:1]", "LOCALHOST"],
)  # fmt: skip
async def test_this_machine_is_known_by_each_of_its_names(host: str) -> None:
    resolver = Resolver()
    try:
        found = await resolver.addresses(parse_url(f"https://{host}:8443/"))
    finally:
        resolver.close()
    assert found
    assert not any(is_public(one) for one in found)


async def test_a_name_server_that_is_silent_keeps_nobody_from_other_names() -> None:
    ended = threading.Event()

    def look_up(name: str, _port: int) -> list[Address]:
        if name == "silent.test":
            ended.wait()
            raise OSError
        return [ip_address("93.184.216.34")]

    resolver = Resolver(look_up)
    silent = parse_url("https://silent.test/")
    try:
        for _ in range(2 * RESOLVERS):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await resolver.addresses(silent)
        async with asyncio.timeout(PATIENCE):
            assert await resolver.addresses(parse_url("https://other.test/"))
        waiting = asyncio.create_task(resolver.addresses(silent))
        await asyncio.sleep(0)
        ended.set()
        with pytest.raises(NoAddress):
            await waiting
    finally:
        ended.set()
        resolver.close()


async def test_a_name_that_nobody_has_is_refused_in_a_sentence() -> None:
    resolver = Resolver()
    try:
        with pytest.raises(AddressRefused, match="is its name spelt right"):
            await resolver.addresses(parse_url("https://nobody.invalid/"))
    finally:
        resolver.close()


@pytest.mark.parametrize(
    "url",
    ["", "example.com", "//example.com/", "https://", "https://[::1", "https://a b/", "http://[::1%25lo]/",
     "https://exa%20mple/", "https://example.com:99999/", "https://example.com/\x00", "https://exämple.com/ä",
     "https://0177.0.0.1/", "file:///etc/passwd", "https://me@example.com/"],
)  # fmt: skip
def test_what_is_no_address_is_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_url(url)
    assert refused.value.field == "url"
    assert len(url) < len("https://example.com") or url not in refused.value.detail


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.com", "https://example.com/"),
        ("https://example.com/", "https://example.com/"),
        ("https://example.com:8443/a/secret", "https://example.com:8443/…"),
        ("https://example.com/?token=secret", "https://example.com/…"),
        ("https://[2606:2800::1]/secret", "https://[2606:2800::1]/…"),
    ],
)
def test_of_an_address_its_host_is_shown(url: str, expected: str) -> None:
    assert shown(parse_url(url)) == expected
