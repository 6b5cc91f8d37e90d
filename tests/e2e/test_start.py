"""Signing in, and starting a run by the form, whose dry run follows what one types."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.support.families import USERS
from tests.e2e.support.sketches import GO_ON, SIDE
from tests.e2e.support.stack import LOOK, OPS, Api

pytestmark = pytest.mark.short

PAID = USERS // 10


def test_signing_in_leads_to_the_address_that_one_came_for(visiting: Visit) -> None:
    with visiting(None) as console:
        console.open("/families/greeting?paidOnly=true&run.force=true")
        console.sign_in("not-a-token-of-this-service")
        expect(console.page.get_by_text("This token is not known here")).to_be_visible()
        console.sign_in()
        expect(console.heading("Start greeting")).to_be_visible()
        assert console.path == "/families/greeting?paidOnly=true&run.force=true"
        expect(console.page.get_by_label("Paid Only")).to_be_checked()
        expect(console.button(f"Run over {PAID} users")).to_be_enabled()
        [cookie] = console.page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        assert OPS not in str(cookie)
        console.forgive("status of 401")


def test_a_run_is_started_with_a_live_dry_run_and_watched_to_its_end(
    visiting: Visit, api: Api
) -> None:
    before = {run["id"] for run in api.get("/api/runs?family=greeting")["runs"]}
    with visiting() as console:
        page = console.page
        console.open("/families/greeting")
        run = console.button(re.compile("^Run"))
        # Whatever is typed, the button says of how many, and the address keeps what was typed.
        page.get_by_label("Paid Only").check()
        expect(run).to_contain_text(re.compile(r"Run over \d+ users?"))
        page.get_by_text("Options").click()
        page.get_by_label("Force").check()
        expect(run).to_have_text(f"Run over {PAID} users")
        page.get_by_label("Paid Only").uncheck()
        expect(run).to_have_text(f"Run over {USERS} users")
        page.get_by_label("Limit").fill("80")
        expect(run).to_have_text("Run over 80 users")
        page.get_by_label("Tone").select_option(label="plain")
        expect(page.get_by_role("definition").first).to_have_text(str(USERS))
        assert console.path == "/families/greeting?run.force=true&run.limit=80&tone=%22plain%22"
        # A dry run starts nothing.
        assert {run["id"] for run in api.get("/api/runs?family=greeting")["runs"]} == before

        api.pin("greeting.execute", rate=40)
        expect(run).to_be_enabled()
        run.click()
        expect(page.get_by_text(re.compile(r"^[1-7]\d? of 80 \("))).to_be_visible()
        expect(page.get_by_text("80 of 80 (100%)")).to_be_visible()
        expect(console.heading(re.compile("greeting succeeded"))).to_be_visible()
        expect(page.get_by_role("link", name="80 succeeded").first).to_be_visible()

        run_id = console.path.removeprefix("/runs/")
        started = api.run(run_id)
        assert started["startedBy"] == "ops"
        assert started["params"] == {"tone": "plain", "paidOnly": False}
        assert started["counters"]["succeeded"] == 80
        items = api.get(f"/api/runs/{run_id}/items?limit=200")["items"]
        assert {item["result"] for item in items} == {
            f"A plain greeting to {item['itemId']}" for item in items
        }


def test_nothing_is_started_while_there_is_nothing_to_do(visiting: Visit, api: Api) -> None:
    api.ended(api.start("greeting"))
    with visiting() as console:
        console.open("/families/greeting")
        run = console.button("Run over 0 users")
        expect(run).to_have_attribute("aria-disabled", "true")
        expect(run).to_have_accessible_description("There is nothing to do.")


def test_whoever_may_only_look_sees_the_dry_run_and_why_there_is_no_more(
    visiting: Visit, api: Api
) -> None:
    with visiting(LOOK) as console:
        console.open("/families/greeting?run.force=true")
        run = console.button(f"Run over {USERS} users")
        expect(run).to_have_attribute("aria-disabled", "true")
        expect(run).to_have_accessible_description(re.compile("needs a token with the scope run"))


def test_a_scene_that_is_typed_is_painted_while_one_watches(visiting: Visit, api: Api) -> None:
    with visiting() as console:
        page = console.page
        console.open("/families/sketch")
        page.get_by_label("For a scene of your own").check()
        start = console.button(re.compile("^Run"))
        scene, number = page.get_by_label(re.compile("^Scene")), page.get_by_label("Number")
        expect(page.get_by_text("is needed")).to_be_visible()
        scene.fill("Boats at quay 3")
        expect(scene).to_have_accessible_description(re.compile("a scene has no number in it"))
        scene.fill("Boats at the quay")
        number.fill("6")
        expect(number).to_have_accessible_description(re.compile("is at most 5"))
        number.fill("2")
        page.get_by_text("Options").click()
        expect(page.get_by_label("Limit")).to_have_count(0)
        page.get_by_label("Attempts").fill("1")
        expect(start).to_have_text("Run over 1 scene")
        assert "entity.scene=Boats+at+the+quay" in console.path
        console.forgive("status of 422")
        start.click()

        pictures = page.get_by_role("list", name="Pictures").get_by_role("figure")
        expect(pictures).to_have_text(
            ["Boats at the quay, view 1", "Not there yetBoats at the quay, view 2"]
        )
        expect(pictures.first.get_by_role("img", name="Boats at the quay, view 1")).to_be_visible()
        api.ended(api.start("sketch", entity={"scene": GO_ON}))
        expect(pictures.get_by_role("img")).to_have_count(2)
        for picture in pictures.get_by_role("img").all():
            expect(picture).to_have_js_property("naturalWidth", SIDE)
        expect(console.heading(re.compile("sketch succeeded"))).to_be_visible()
        run = api.run(console.path.removeprefix("/runs/"))
        assert (run["entity"], run["params"]) == ({"scene": "Boats at the quay"}, {"number": 2})
        assert run["options"]["attempts"] == 1

        page.get_by_role("link", name="Its steps, attempts and times").click()
        expect(console.heading(re.compile("adhoc_.*succeeded"))).to_be_visible()
        expect(console.button("Preview this item")).to_have_count(0)
