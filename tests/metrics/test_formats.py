"""What is served and shipped, read by Prometheus' own tool."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # ships no types; comes with myst-parser

from app.metrics.catalog import METRICS, Kind
from ops.observe import queries
from tests.metrics.families.counted import Counted
from tests.metrics.scraping import PROMTOOL, WITHOUT, scraped
from tests.metrics.test_door import SCRAPED
from tests.support.service import Opener

ROOT = Path(__file__).resolve().parents[2]
OPS = ROOT / "ops"
GUIDE = ROOT / "docs" / "guides" / "observe.md"
WITH_PROMTOOL = pytest.mark.skipif(PROMTOOL is None, reason=WITHOUT)
OF_PROMETHEUS = {"up"}


def promtool(*words: str, text: str = "") -> str:
    assert PROMTOOL is not None
    ended = subprocess.run(
        [PROMTOOL, *words], cwd=OPS, input=text, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def alerts() -> dict[str, dict[str, str]]:
    read = yaml.safe_load((OPS / "alerts.yml").read_text("utf-8"))
    return {rule["alert"]: rule for group in read["groups"] for rule in group["rules"]}


def named(query: str) -> set[str]:
    """The metrics that it asks for."""
    told = set(re.findall(r"\b(?:sluice|process)_\w+", re.sub(r'"[^"]*"', "", query)))
    return told | (OF_PROMETHEUS & set(re.findall(r"\bup\b", query)))


def served() -> set[str]:
    found = set(OF_PROMETHEUS)
    for one in METRICS:
        parts = ("_bucket", "_count", "_sum") if one.kind is Kind.HISTOGRAM else ("",)
        found |= {f"{one.name}{part}" for part in parts}
    return found | {"process_cpu_seconds_total", "process_resident_memory_bytes"}


@WITH_PROMTOOL
async def test_promtool_finds_no_fault_in_what_is_served(opener: Opener) -> None:
    async with opener(Counted(), **SCRAPED) as sluice:
        await sluice.played(20)
        async with sluice.worker():
            found = await scraped(sluice)
    assert promtool("check", "metrics", text=found.text) == ""


@WITH_PROMTOOL
def test_promtool_reads_the_alerts_and_the_configuration() -> None:
    assert f"SUCCESS: {len(alerts())} rules found" in promtool("check", "rules", "alerts.yml")
    promtool("check", "config", "--syntax-only", "prometheus.yml")


@WITH_PROMTOOL
def test_each_alert_fires_where_it_should_and_not_where_all_is_well() -> None:
    promtool("test", "rules", "alerts_test.yml")


def test_each_alert_has_a_test_that_it_fires_and_one_that_it_does_not() -> None:
    tests = yaml.safe_load((OPS / "alerts_test.yml").read_text("utf-8"))["tests"]
    every = [one for test in tests for one in test["alert_rule_test"]]
    fires = {one["alertname"] for one in every if one["exp_alerts"]}
    silent = {one["alertname"] for one in every if not one["exp_alerts"]}
    assert fires == silent == set(alerts())


def test_each_alert_says_in_the_guide_what_it_means_and_what_to_do() -> None:
    rows = re.compile(r"^\| `(Sluice\w+)` \|([^|]+)\|([^|]+)\|", re.MULTILINE)
    told = rows.findall(GUIDE.read_text("utf-8"))
    assert [name for name, _, _ in told] == list(alerts())
    assert all(means.strip() and do.strip() for _, means, do in told)


def test_alerts_and_the_dashboard_ask_for_what_is_served() -> None:
    asked = {name: named(rule["expr"]) for name, rule in alerts().items()}
    asked |= {f"{title}: {query}": named(query) for title, query in queries()}
    assert all(asked.values())
    assert {where: missing for where, of in asked.items() if (missing := of - served())} == {}


def test_the_dashboard_shows_every_metric_of_items_runs_queue_and_flow() -> None:
    asked = set().union(*(named(query) for _, query in queries()))
    shown = {re.sub("_(bucket|count|sum)$", "", one) for one in asked}
    left = {one.name for one in METRICS} - shown
    assert left == {
        "sluice_build_info",
        "sluice_flow_rate_limit",
        "sluice_item_claims_total",
        "sluice_message_wait_seconds",
        "sluice_pool_connection_limit",
        "sluice_schedules_late",
        "sluice_worker_threads",
        "sluice_worker_threads_left_behind",
    }


def test_the_dashboard_has_a_title_for_each_panel_and_each_number_once() -> None:
    board = json.loads((OPS / "grafana-dashboard.json").read_text("utf-8"))
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(numbers) == len(set(numbers))
    assert all(panel["title"] for panel in board["panels"])
