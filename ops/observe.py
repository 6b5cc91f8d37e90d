"""``make observe``: the demo's service and two workers beside a real Prometheus that scrapes them.

``make observe CHECK=1`` plays a run, asks Prometheus every query of the dashboard, says which of
them have no data, and ends.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console
from rich.table import Table

OPS = Path(__file__).resolve().parent
SLUICE = Path(sys.executable).with_name("sluice")
PROMETHEUS = shutil.which("prometheus", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
INSTALL = "sudo apt-get install -y prometheus"
WORKERS = 2
PATIENCE = 120.0
"""Seconds in which everything must be up. The first time a database is made."""
STOPPING = 30.0
WINDOW = "30s"
"""In the place of Grafana's ``$__rate_interval``."""


class NotObserved(Exception):
    """What went wrong, as a sentence for whoever called."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="play a run, ask every query, and end")
    parser.add_argument("--port", type=int, default=9090, help="of Prometheus; 0: any free one")
    options = parser.parse_args()
    console = Console()
    try:
        if PROMETHEUS is None:
            raise NotObserved(f"Prometheus is not installed. On Debian and Ubuntu: {INSTALL}")
        observe(console, PROMETHEUS, options.port, check=options.check)
    except NotObserved as fault:
        console.print(str(fault))
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        console.print("Stopped.")


def observe(console: Console, program: str, port: int, *, check: bool) -> None:
    """
    Raises:
        NotObserved: something did not come up, or a query has no data.
    """
    token, port = secrets.token_hex(24), port or free_port()
    api, scraped = free_port(), [free_port() for _ in range(WORKERS + 1)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-observe-")))
        (folder / "token").write_text(token)
        (folder / "token").chmod(0o600)
        config = folder / "prometheus.yml"
        config.write_text(_config(folder, scraped, seconds=1 if check else 5))
        console.print("Starting the service, two workers and Prometheus …")

        def started(command: Sequence[str], name: str, **more: str) -> subprocess.Popen[bytes]:
            log = stack.enter_context((folder / f"{name}.log").open("wb"))
            env = {**os.environ, "SLUICE_METRICS_TOKEN": token, "SLUICE_LOG_FORMAT": "json", **more}
            return stack.enter_context(_process(command, env, log.fileno()))

        serve = [str(SLUICE), "serve", "--demo", "--port", str(api)]
        processes = {"api": started(serve, "api", SLUICE_METRICS_PORT=str(scraped[0]))}
        _wait(lambda: _answers(f"http://127.0.0.1:{api}/readyz"), processes, folder)
        for number, its in enumerate(scraped[1:], start=1):
            name = f"worker-{number}"
            work = [str(SLUICE), "worker", "--demo"]
            processes[name] = started(work, name, SLUICE_METRICS_PORT=str(its))
        url = f"http://127.0.0.1:{port}"
        processes["prometheus"] = started(
            [
                program,
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--enable-feature=exemplar-storage",
                "--log.level=warn",
            ],
            "prometheus",
        )
        _wait(lambda: len(_up(url)) == len(scraped), processes, folder)
        _show_targets(console, url)
        if check:
            _play(console, f"http://127.0.0.1:{api}")
            _check(console, url)
            return
        console.print(f"Prometheus: {url}   Console: http://127.0.0.1:{api}/console")
        console.print(
            "Import ops/grafana-dashboard.json into a Grafana that reads this Prometheus."
        )
        console.print("Ctrl-C stops all of it.")
        while all(one.poll() is None for one in processes.values()):
            time.sleep(0.5)
        raise NotObserved(_ended(processes, folder))


def queries() -> Iterator[tuple[str, str]]:
    """Of the dashboard: the panel's title, and what it asks."""
    board = json.loads((OPS / "grafana-dashboard.json").read_text("utf-8"))
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            asked = target["expr"].replace("$__rate_interval", WINDOW).replace("$family", ".*")
            yield panel["title"], asked


def ask(url: str, query: str) -> list[Any]:  # as Prometheus' API answers
    answer = httpx2.get(f"{url}/api/v1/query", params={"query": query}, timeout=10)
    told = answer.json()
    if told["status"] != "success":
        raise NotObserved(f"Prometheus refuses {query}: {told['error']}")
    return list(told["data"]["result"])


def free_port() -> int:
    """None of those that the system gives to clients: it would be taken before it is opened."""
    while True:
        port = 12_000 + secrets.randbelow(20_000)
        with suppress(OSError), socket.socket() as one:
            one.bind(("127.0.0.1", port))
            return port


def _config(folder: Path, scraped: Sequence[int], *, seconds: int) -> str:
    api, *workers = scraped

    def job(name: str, ports: Sequence[int]) -> str:
        targets = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
        return f"""
  - job_name: {name}
    authorization: {{credentials_file: {json.dumps(str(folder / "token"))}}}
    static_configs: [{{targets: [{targets}]}}]"""

    return f"""\
global: {{scrape_interval: {seconds}s, evaluation_interval: {seconds}s}}
rule_files: [{json.dumps(str(OPS / "alerts.yml"))}]
scrape_configs:{job("sluice-api", [api])}{job("sluice-worker", workers)}
"""


@contextmanager
def _process(
    command: Sequence[str], env: Mapping[str, str], log: int
) -> Iterator[subprocess.Popen[bytes]]:
    # In a session of its own: Ctrl-C is for us, and we stop it.
    process = subprocess.Popen(  # noqa: S603 - our own commands
        command, env=env, stdout=log, stderr=log, start_new_session=True
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOPPING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(
    until: Callable[[], bool], processes: Mapping[str, subprocess.Popen[bytes]], folder: Path
) -> None:
    end = time.monotonic() + PATIENCE
    while not until():
        if any(one.poll() is not None for one in processes.values()) or time.monotonic() > end:
            raise NotObserved(_ended(processes, folder))
        time.sleep(0.2)


def _ended(processes: Mapping[str, subprocess.Popen[bytes]], folder: Path) -> str:
    """Which of them has, and its last words; or that one does not answer."""
    gone = [name for name, one in processes.items() if one.poll() is not None]
    lasts = [f"{name}: {_last_lines(folder / f'{name}.log')}" for name in gone or processes]
    return "\n".join([f"{' and '.join(gone) or 'Something'} did not stay up.", *lasts])


def _last_lines(log: Path) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-5:])


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=5).status_code == httpx2.codes.OK
    except httpx2.HTTPError:
        return False


def _targets(url: str) -> list[Any]:  # as Prometheus' API answers
    try:
        answer = httpx2.get(f"{url}/api/v1/targets", timeout=5)
    except httpx2.HTTPError:
        return []
    return list(answer.json()["data"]["activeTargets"]) if answer.status_code == 200 else []


def _up(url: str) -> list[Any]:  # as Prometheus' API answers
    return [target for target in _targets(url) if target["health"] == "up"]


def _show_targets(console: Console, url: str) -> None:
    table = Table("job", "target", "health")
    for target in sorted(_targets(url), key=lambda one: str(one["labels"])):
        labels = target["labels"]
        table.add_row(labels["job"], labels["instance"], f"[green]{target['health']}[/]")
    console.print(table)


def _play(console: Console, api: str) -> None:
    """A run of the first family over all there is, so that there is something to see."""
    env = {**os.environ, "SLUICE_URL": api}
    found = subprocess.run(  # noqa: S603 - our own command
        [SLUICE, "families", "--json"], env=env, capture_output=True, text=True, check=True
    )
    names = sorted(one["name"] for one in json.loads(found.stdout)["families"])
    if not names:
        raise NotObserved("There is no job family yet, so nothing could be played.")
    # copier: if examples
    names.sort(key=lambda name: name != "welcome-placeholder")  # to show first
    # copier: endif
    family = names[0]
    console.print(f"A run of {family} …")
    played = subprocess.run(  # noqa: S603 - our own command
        [SLUICE, "run", family, "--force", "--watch", "--json"],
        env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    if not json.loads(played.stdout)["run"]["counters"]["succeeded"]:
        raise NotObserved(f"{family} has done nothing, so the queries of items have no data.")


def _check(console: Console, url: str) -> None:
    asked = list(queries())
    empty: list[str] = []
    end = time.monotonic() + 10
    while True:  # what ended just now is scraped a moment later
        empty = [f"{title}: {query}" for title, query in asked if not ask(url, query)]
        if not empty or time.monotonic() > end:
            break
        time.sleep(1)
    if empty:
        raise NotObserved("\n".join([f"{len(empty)} queries have no data:", *empty]))
    console.print(f"All {len(asked)} queries of the dashboard have data.")


if __name__ == "__main__":
    main()
