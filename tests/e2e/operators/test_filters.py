"""Filters of lists: what stands in their fields is what the address says."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.support.console import Console
from tests.e2e.support.stack import Api

AT = "2026-03-02T12:34"


@pytest.mark.short
@pytest.mark.parametrize("view", ["runs", "audit"])
def test_clear_empties_every_field(console: Console, view: str) -> None:
    console.open(f"/{view}")
    page = console.page
    fields = page.locator(".filters")
    choice = page.locator("select", has=page.locator('option[value="between"]'))
    choice.select_option("between")
    fields.locator('input[type="datetime-local"]').first.fill(AT)
    fields.locator('input[type="text"]').first.fill("nobody-of-that-name")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("from=.*nobody|nobody.*from="))
    console.button("Clear").click()
    expect(page).to_have_url(re.compile(r"^[^?]*$"))
    for field in fields.locator("input").all():
        expect(field).to_have_value("")
    for chosen in fields.locator("select").all():
        expect(chosen).to_have_value("")


def test_a_moment_goes_with_the_address_that_names_none(console: Console) -> None:
    console.open(f"/runs?from={AT}:00Z&to={AT}:30Z")
    page = console.page
    moments = page.locator('.filters input[type="datetime-local"]')
    expect(moments).to_have_count(2)
    page.locator("nav").get_by_role("link", name="Runs").click()
    expect(page).to_have_url(re.compile(r"^[^?]*$"))
    for number in range(moments.count()):
        expect(moments.nth(number)).to_have_value("")


def test_a_moment_is_changed_by_keys_without_losing_the_field(console: Console) -> None:
    console.open(f"/runs?from={AT}:00Z")
    field = console.page.locator('.filters input[type="datetime-local"]').first
    before = field.input_value()
    field.focus()
    console.page.keyboard.press("ArrowUp")
    expect(field).to_be_focused()
    assert field.input_value() != before


def test_where_no_run_is_found_the_command_is_of_a_family_that_is_there(
    console: Console, api: Api
) -> None:
    first = api.get("/api/families")["families"][0]["name"]
    console.open("/runs?startedBy=nobody-of-that-name")
    command = console.page.locator(".empty .command code")
    expect(command).to_have_text(f"sluice run {first} --dry-run")
