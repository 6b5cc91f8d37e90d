"""The documentation as a site: what its reference is written from, and what its pages need.

``make docs`` builds it, and refuses links that lead nowhere.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # ships no types; comes with myst-parser

from app.settings import Settings
from app.store.statuses import ITEM_TRANSITIONS, RUN_TRANSITIONS
from app.workflows.contract.context import Context
from app.workflows.contract.steps.event_methods import EventMethods
from app.workflows.contract.steps.step_methods import StepMethods
from app.workflows.family import JobFamily
from docs.check import faults
from docs.generate import PARTS
from docs.generate.client import OF_CODE, OVER_HTTP
from docs.generate.routes import document, operations
from docs.generate.source import attributes, methods
from docs.site import contents, generated_parts
from sluice import client as over_http

DOCS = Path(__file__).resolve().parents[1] / "docs"
GUIDE = (DOCS / "guides" / "kubernetes.md").read_text("utf-8")


def manifests() -> list[dict[str, object]]:
    blocks = re.findall(r"^```yaml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    return [one for block in blocks for one in yaml.safe_load_all(block)]


@lru_cache
def written(part: str) -> str:
    """Once: the page of the routes takes a second or two."""
    return PARTS[part]()


def headings(part: str) -> set[str]:
    return set(re.findall(r"^#+ (.+)$", written(part), re.MULTILINE))


def test_every_part_that_is_written_from_the_code_has_its_page() -> None:
    assert sorted(generated_parts(DOCS / "reference")) == sorted(PARTS)


def test_every_route_is_in_the_reference_with_its_fields() -> None:
    text = written("routes")
    there = document()
    assert headings("routes") >= {f"{method} {path}" for method, path, _ in operations(there)}
    places = {heading.lower() for heading in headings("routes")}
    assert places >= set(re.findall(r"\]\(#(\w+)\)", text))
    process = there["components"]["schemas"]["WelcomePlaceholderProcess"]
    for name in process["properties"]:
        assert f"| `{name}` |" in text


def test_every_command_is_in_the_reference() -> None:
    page = (DOCS / "reference/cli.md").read_text("utf-8")
    told = set(re.findall(r"^\| `(sluice [a-z]+)` \|", page, re.MULTILINE))
    assert headings("commands") >= told | {"sluice flow", "sluice flow set"}


def test_every_setting_is_in_the_reference_and_says_what_it_is() -> None:
    text = written("settings")
    for field in Settings.model_fields.values():
        assert field.description, field.alias
        assert f"| `{field.alias}` |" in text


def test_everything_that_a_family_may_say_is_in_the_reference_and_says_what_it_is() -> None:
    text = written("contract")
    for one in attributes(JobFamily):
        assert one.text, one.name
        assert f"| `{one.name}` |" in text
    for cls in (JobFamily, StepMethods, EventMethods):
        for method in methods(cls):
            assert method.text, method.name
            assert f"#### {method.name}\n" in text
    assert {one.name for one in methods(Context)} <= headings("contract")


def test_everything_that_a_client_does_is_in_the_reference_and_says_what_it_is() -> None:
    there = headings("client")
    for cls in (*OF_CODE, *OVER_HTTP):
        for method in methods(cls):
            assert method.text or method.name == "aclose", method.name
            assert f"{cls.__name__}.{method.name}" in there or method.name == "aclose"
            assert "self" not in method.signature
    assert {name.removesuffix(" (within)") for name in there} >= {
        name for name in over_http.__all__ if name not in {"ClientError", "Family", "Run"}
    } - {"SluiceClient"}


def test_every_edge_of_the_lifecycles_is_in_the_reference() -> None:
    text = written("lifecycles")
    for transitions in (RUN_TRANSITIONS, ITEM_TRANSITIONS):
        for status, after in transitions.items():
            for one in after:
                assert f"| `{status}` | `{one}` |" in text


def test_a_page_of_links_becomes_a_table_of_contents_for_each_of_its_sections() -> None:
    text = "# A\n\n[no](no.md)\n\n## B\n\n- [one](b/one.md)\n- [two](two.md)\n\n## C\n\n"
    assert contents(text).strip() == ("```{toctree}\n:hidden:\n:caption: B\n\nb/one\ntwo\n```")


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="there.html#here">', None),
        ('<a href="https://example.com/">', None),
        ('<a href="gone.html">', "a.html links to gone.html, which is not there."),
        (
            '<a href="there.html#gone">',
            "a.html links to there.html#gone, but there is no such place in it.",
        ),
        (
            '<script src="https://example.com/x.js">',
            "a.html loads https://example.com/x.js, which is elsewhere.",
        ),
        ('<img src="gone.png">', "a.html links to gone.png, which is not there."),
    ],
)
def test_a_link_that_leads_nowhere_and_a_script_from_elsewhere_are_found(
    tmp_path: Path, body: str, fault: str | None
) -> None:
    (tmp_path / "a.html").write_text(body, "utf-8")
    (tmp_path / "there.html").write_text('<p id="here">', "utf-8")
    assert list(faults(tmp_path)) == ([] if fault is None else [fault])


def test_the_manifests_for_kubernetes_name_settings_that_there_are() -> None:
    known = {str(field.alias) for field in Settings.model_fields.values()}
    [config] = [one["data"] for one in manifests() if one["kind"] == "ConfigMap"]
    assert isinstance(config, dict)
    secret = re.findall(r"--from-literal=([A-Z_]+)=", GUIDE)
    assert {*config, *secret} <= known
    Settings.model_validate(config)


def test_kubernetes_gives_more_time_to_stop_than_sluice_takes() -> None:
    text = GUIDE.split("## The API")[1]
    graces = [int(seconds) for seconds in re.findall(r"terminationGracePeriodSeconds: (\d+)", text)]
    [stop] = re.findall(r'SLUICE_STOP_TIMEOUT: "(\d+)"', GUIDE)
    [before] = re.findall(r"sleep: \{ seconds: (\d+) \}", GUIDE)
    assert len(graces) == 2
    assert min(graces) > int(before) + 5 + int(stop)
