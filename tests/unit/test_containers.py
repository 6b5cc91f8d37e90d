"""What the containers of the examples may not do."""

from __future__ import annotations

import re
from pathlib import Path

import yaml  # type: ignore[import-untyped]  # ships no types; comes with myst-parser

ROOT = Path(__file__).parents[2]


def test_no_container_of_compose_gains_privileges_and_ours_have_none() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    for name, service in services.items():
        assert service["security_opt"] == ["no-new-privileges:true"], name
        if "build" in service:
            assert service["cap_drop"] == ["ALL"], name
    assert [name for name, service in services.items() if "ports" in service] == ["api"]


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
        for container in made["spec"]["template"]["spec"]["containers"]:
            context = container["securityContext"]
            assert context["runAsNonRoot"] is True
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert context["seccompProfile"] == {"type": "RuntimeDefault"}
