"""A message goes to the address that was checked, and to nobody else under its name."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.workflows.notifications.addresses import Address, AddressPolicy, Resolver
from app.workflows.notifications.poster import Poster
from tests.support.network.llm_server import Server
from tests.support.patience import PATIENCE
from tests.workflows.notifications.told import FINE

LOOPBACK = AddressPolicy([ip_network("127.0.0.0/8")])


class Names(Resolver):
    """A name server whose answers are another one each time."""

    def __init__(self, *answers: Sequence[str]) -> None:
        super().__init__()
        self.answers = list(answers)
        self.asked: list[str] = []

    async def addresses(self, url: httpx2.URL) -> list[Address]:
        self.asked.append(url.host)
        return [ip_address(one) for one in self.answers.pop(0)]


def poster(policy: AddressPolicy = LOOPBACK, names: Resolver | None = None) -> Poster:
    return Poster(policy, names or Resolver(), limit=PATIENCE)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"]
)
async def test_this_machine_is_told_nothing_unless_it_is_allowed(server: Server, host: str) -> None:
    result = await poster(AddressPolicy()).post(f"http://{host}:{server.port}/", {}, b"{}")
    assert result.status is None
    assert result.error is not None
    assert "SLUICE_NOTIFY_PRIVATE" in result.error
    assert server.requests == []


async def test_a_name_with_one_address_that_is_private_is_told_nothing(server: Server) -> None:
    names = Names(["93.184.216.34", "127.0.0.1"])
    result = await poster(AddressPolicy(), names).post(f"https://two.test:{server.port}/", {}, b"")
    assert result.error is not None
    assert "on a private network" in result.error
    assert server.requests == []


async def test_a_name_is_asked_for_once_and_the_connection_goes_where_it_was_checked(
    server: Server,
) -> None:
    """Whoever answers with another address the second time (DNS rebinding) is not asked again."""
    server.answers = [FINE]
    names = Names(["127.0.0.1"])
    result = await poster(names=names).post(f"http://two.test:{server.port}/a?b=1", {}, b"{}")
    assert (result.status, result.error) == (204, None)
    [(line, headers, _)] = server.requests
    assert line == "POST /a?b=1 HTTP/1.1"
    assert headers["host"] == f"two.test:{server.port}"
    assert names.asked == ["two.test"]


async def test_where_one_address_does_not_answer_the_next_one_is_tried(server: Server) -> None:
    server.answers = [FINE]
    names = Names(["127.0.0.9", "127.0.0.1"])  # nobody listens at the first
    result = await poster(names=names).post(f"http://two.test:{server.port}/", {}, b"{}")
    assert result.error is None
    assert len(server.requests) == 1


async def test_where_nobody_listens_it_is_said() -> None:
    result = await poster(names=Names(["127.0.0.9"])).post("http://two.test:9/", {}, b"")
    assert result.error == "It could not be reached: nobody listens there."


async def test_where_no_connection_comes_about_it_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as waiting:
        port = full.getsockname()[1]
        for _ in range(2):  # nobody takes them, and there is no place for another
            caller = waiting.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(("127.0.0.1", port))
        one = Poster(LOOPBACK, Resolver(), limit=PATIENCE, connect=0.2)
        result = await one.post(f"http://127.0.0.1:{port}/", {}, b"")
    assert result.error == "It could not be reached: no connection within 0.2 seconds."


async def test_no_proxy_of_the_environment_is_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.9:9")
    server.answers = [FINE]
    result = await poster().post(f"http://127.0.0.1:{server.port}/", {}, b"")
    assert result.error is None


def certified(folder: Path, name: str) -> Path:
    """A certificate of a name that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = folder / "server.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@asynccontextmanager
async def encrypted(file: Path, asked: list[str | None]) -> AsyncIterator[int]:
    """The port of a server that answers over TLS, and notes the name that each caller wants."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    context.sni_callback = lambda _socket, name, _context: asked.append(name)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(FINE)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_a_certificate_must_be_of_the_name_and_not_of_the_address(tmp_path: Path) -> None:
    file, asked = certified(tmp_path, "hooks.test"), list[str | None]()
    trust = ssl.create_default_context(cafile=str(file))
    async with encrypted(file, asked) as port:
        for name, expected in (("hooks.test", None), ("other.test", "of another name")):
            one = Poster(LOOPBACK, Names(["127.0.0.1"]), limit=PATIENCE, trust=lambda: trust)
            result = await one.post(f"https://{name}:{port}/", {}, b"{}")
            if expected is None:
                assert (result.status, result.error) == (204, None)
            else:
                assert result.error is not None
                assert expected in result.error
    assert asked == ["hooks.test", "other.test"]


async def test_a_certificate_of_somebody_who_is_not_trusted_is_refused(tmp_path: Path) -> None:
    file = certified(tmp_path, "hooks.test")
    async with encrypted(file, []) as port:
        one = Poster(LOOPBACK, Names(["127.0.0.1"]), limit=PATIENCE)
        result = await one.post(f"https://hooks.test:{port}/", {}, b"{}")
    assert result.error is not None
    assert "its certificate is not one that is trusted here" in result.error
