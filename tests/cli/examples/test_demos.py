"""``sluice demo`` of the families that wait, stream and keep files; CI runs the first one's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Sluice

pytestmark = pytest.mark.slow


def test_a_family_without_a_demo_is_refused_and_the_others_are_named(sluice: Sluice) -> None:
    assert sluice.refused("demo", "--family", "nope") == (
        "There is no demo of 'nope'. Known are: agent-welcome, describe-products, embed-texts,"
        " greeting, import-orders, remind-invoices, review-post, scene-images,"
        " welcome-placeholder."
    )


def test_scenes_are_painted_before_ones_eyes_and_the_files_are_there(sluice: Sluice) -> None:
    ended = sluice.run("demo", "--family", "scene-images", SLUICE_LOG_LEVEL="error")
    assert (ended.returncode, ended.stderr) == (0, "")
    landed = [line for line in ended.stdout.splitlines() if " of 5   scene-images/" in line]
    assert len(landed) == 15
    assert "Painted by local-painter" in ended.stdout
    folder = Path(sluice.env["SLUICE_DATA_DIR"]) / "demo-files"
    assert len(list(folder.rglob("*.png"))) == 15
    assert {str(file.relative_to(folder)) for file in folder.rglob("*.png")} == {
        line.split()[-1] for line in landed
    }


def test_posts_wait_are_answered_and_the_approved_one_is_published(sluice: Sluice) -> None:
    ended = sluice.run("demo", "--family", "review-post", SLUICE_LOG_LEVEL="error")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "approved=true" in ended.stdout
    assert "2 of 2  2 succeeded" in ended.stdout
    assert "called again under the same Idempotency-Key" in ended.stdout
    assert "The second is not published: not now." in ended.stdout


@pytest.mark.parametrize("engine", ["postgres", "qstash"])
def test_products_are_described_by_two_batches_and_paid_for_once(
    sluice: Sluice, engine: str
) -> None:
    ended = sluice.run(
        "demo", "--family", "describe-products", "--engine", engine, SLUICE_LOG_LEVEL="error"
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "expired: 45 of 60 answered, 15 go again" in ended.stdout
    assert "completed: 15 of 15 answered, 0 go again" in ended.stdout
    assert "60 of 60  60 succeeded" in ended.stdout
    assert "60 requests were paid for, each once" in ended.stdout
