"""Tenants of a flow key, and a limit that the other side has told, on the page of flow control."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import expect
from redis import Redis

from tests.e2e.support.console import Console
from tests.e2e.support.parcels import ASKS, BIG, BUSY, GO, OF_BIG, PARCELS
from tests.e2e.support.stack import Api, Stack

KEY = "parcel.execute"


@contextmanager
def told(stack: Stack, *words: str) -> Iterator[Redis]:
    """What stands in Redis. After it parcels go, so that none is left at work."""
    with Redis.from_url(stack.servers.redis_url) as redis:
        redis.delete(name_of(stack, GO))
        try:
            for word in words:
                redis.set(name_of(stack, word), "1")
            yield redis
        finally:
            redis.delete(name_of(stack, BUSY))
            redis.set(name_of(stack, GO), "1")


def name_of(stack: Stack, word: str) -> str:
    return f"{stack.name}:parcel:{word}"


def test_the_fullest_tenants_are_shown_and_one_is_given_limits_of_its_own(
    console: Console, api: Api, stack: Stack
) -> None:
    page = console.page
    with told(stack) as redis:
        run_id = api.start("parcel", force=True)
        console.open("/flow-control")
        shown = page.get_by_role("region", name=f"Partitions of {KEY}")
        expect(shown).to_contain_text("Each partition: 2 at once")
        big = shown.get_by_role("listitem").filter(has_text=BIG)
        expect(big).to_contain_text("2 of 2")
        expect(big).to_contain_text(f"{OF_BIG - 2} waiting apart")
        expect(shown.get_by_role("listitem")).to_have_count(6)
        console.button("Show more").click()
        # Those at work beside it have one parcel each.
        expect(shown.get_by_role("listitem")).to_have_count(1 + PARCELS - OF_BIG)

        console.button(f"Edit the limits of {BIG}").click()
        console.dialog.get_by_label("Parallelism").fill("5")
        console.dialog.get_by_label("Why").fill("They pay for it.")
        console.dialog.get_by_role("button", name="Pin").click()
        expect(console.dialog).to_be_hidden()
        expect(big.get_by_text("pinned")).to_be_visible()
        expect(big).to_contain_text("of 5")

        console.button(f"Limit one partition of {KEY}").click()
        console.dialog.get_by_label("Partition").fill("Zenith")
        console.dialog.get_by_label("Parallelism").fill("1")
        console.dialog.get_by_role("button", name="Pin").click()
        expect(shown.get_by_role("listitem").filter(has_text="Zenith")).to_contain_text("0 of 1")
        for name in ("Zenith", BIG):
            console.button(f"Reset the limits of {name}").click()
            console.dialog.get_by_role("button", name="Reset to the code's").click()
            expect(console.dialog).to_be_hidden()
        expect(big).to_contain_text("2 of 2")
        noted = api.get(f"/api/audit?subject=flow_key&name={KEY}&action=flow_pinned")["entries"]
        assert [one["after"]["partition"] for one in noted] == ["Zenith", BIG]
        assert noted[1]["note"] == "They pay for it."

        redis.set(name_of(stack, GO), "1")
        assert api.ended(run_id)["counters"]["succeeded"] == PARCELS
        expect(shown).to_contain_text("None is at work or waits.")


def test_what_the_other_side_holds_says_until_when_and_goes_on_when_an_operator_lets_it(
    console: Console, api: Api, stack: Stack
) -> None:
    page = console.page
    with told(stack, BUSY, GO):
        run_id = api.start("parcel", force=True)
        console.open("/flow-control")
        card = page.locator(f"[id='{KEY}']")
        why = card.get_by_text(f"Nothing new of {KEY} starts: {ASKS} It goes on at")
        expect(why).to_be_visible()
        assert api.run(run_id)["ended"] < PARCELS - 1
        console.button(f"Let {KEY} go on").click()
        console.dialog.get_by_label("Why").fill("The depot has called.")
        console.dialog.get_by_role("button", name="Let it go on").click()
        expect(why).to_be_hidden()
        # Whoever was told itself comes when it was told to.
        run = api.moved(run_id, ended=PARCELS - 1)
        assert run["counters"]["succeeded"] == PARCELS - 1
        [noted] = api.get("/api/audit?action=flow_lifted")["entries"]
        assert (noted["name"], noted["note"]) == (KEY, "The depot has called.")
