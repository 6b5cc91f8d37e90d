"""What the containers of the examples may not do."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import redis
import yaml  # type: ignore[import-untyped]  # ships no types; comes with myst-parser

from app.embedded.binaries import valkey_binary
from tests.support.servers.valkey import await_valkey

ROOT = Path(__file__).parents[2]
TEMPORARY = "/tmp"  # noqa: S108 - a container's own
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]


@pytest.mark.parametrize("name", COMPOSE)
def test_each_container_of_compose_is_confined(name: str) -> None:
    service = COMPOSE[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert TEMPORARY in service["tmpfs"]
    assert service["mem_limit"]
    assert service["pids_limit"] > 0
    assert not {"privileged", "cap_add", "devices", "network_mode", "pid", "ipc"} & set(service)
    if "build" in service:
        assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE) == ["10001"]
    else:  # these images would begin as root, which needs capabilities
        assert service["user"] not in ("root", "0")


def test_only_the_api_of_compose_is_reached_from_outside_and_from_this_machine_alone() -> None:
    assert {name: made["ports"] for name, made in COMPOSE.items() if "ports" in made} == {
        "api": ["127.0.0.1:8000:8000"]
    }


def test_no_server_of_compose_is_without_a_password_and_none_stands_in_a_command() -> None:
    for server, variable in (("postgres", "POSTGRES_PASSWORD"), ("valkey", "VALKEY_PASSWORD")):
        told = f"${{{variable}:?set it in compose.env}}"
        assert told in COMPOSE[server]["environment"].values()
        for service in COMPOSE.values():
            assert variable not in str(service.get("command", ""))
            assert variable not in str(service.get("healthcheck", ""))
        assert told in str(COMPOSE["worker"]["environment"])


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_valkey_of_compose_asks_for_its_password_and_ends_when_it_is_told_to(
    shell: str, tmp_path: Path
) -> None:
    """What Compose would run, with the folder and the socket of this test."""
    *_, script = COMPOSE["valkey"]["command"]
    known = {"VALKEYCLI_AUTH": "of-compose", "PATH": f"{valkey_binary().parent}:{os.defpath}"}
    own = f" - --port 0 --unixsocket {tmp_path}/v.sock --dir {tmp_path} "
    script = script.replace("$$", "$").replace(" - ", own, 1)
    process = subprocess.Popen([shell, "-c", script], env=known, stdout=subprocess.DEVNULL)
    try:
        await_valkey(tmp_path / "v.sock")
        arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        at = f"{tmp_path}/v.sock"
        with (
            redis.Redis(unix_socket_path=at, protocol=2) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()
        with redis.Redis(unix_socket_path=at, password="of-compose") as client:
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    finally:
        process.terminate()
    assert process.wait(10) == 0
    assert b"of-compose" not in arguments


def test_each_container_of_kubernetes_runs_without_privileges() -> None:
    guide = (ROOT / "docs" / "guides" / "kubernetes.md").read_text("utf-8")
    manifests = [
        manifest
        for block in re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
        for manifest in yaml.safe_load_all(block)
    ]
    workloads = [made for made in manifests if made and made["kind"] in ("Deployment", "Job")]
    assert len(workloads) >= 2
    for made in workloads:
        pod = made["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}} in pod["volumes"]
        for container in pod["containers"]:
            assert {"name": "tmp", "mountPath": TEMPORARY} in container["volumeMounts"]
            assert container["resources"]["limits"]["memory"]
            context = container["securityContext"]
            assert context["runAsNonRoot"] is True
            assert context["readOnlyRootFilesystem"] is True
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert context["seccompProfile"] == {"type": "RuntimeDefault"}
