"""What a new family may be, and what is refused with which sentence."""

from __future__ import annotations

import re
from datetime import date

import pytest

from app.errors import BadInput
from app.migrate import scripts_of
from app.store.histories import LONGEST_ID, SERVICE, revision_id
from scaffold.names import Names, camel, in_many, names
from scaffold.order import Order, as_asked, as_told
from scaffold.revisions import next_revision
from tests.support.processes.copied import ROOT

# A name that nobody else gives: this service may have families of its own.
SHORTEST = ("name=otter-reminder", "entity=invoice")


def test_name_and_entity_are_enough() -> None:
    assert as_told(ROOT, SHORTEST) == Order(
        "otter-reminder", "invoice", "invoices", "sql", "table", steps=False
    )


def test_everything_may_be_told() -> None:
    told = (*SHORTEST, "plural=bills", "source=csv", "result=redis", "steps=yes", "id=uuid")
    assert as_told(ROOT, told) == Order(
        "otter-reminder", "invoice", "bills", "csv", "redis", steps=True, id="uuid"
    )


REFUSED = {
    "no name": (["entity=invoice"], "name= is missing"),
    "an empty name": (["name=", "entity=invoice"], "name= is missing"),
    "no entity": (["name=otter-reminder"], "entity= is missing"),
    "another word": ([*SHORTEST, "colour=red"], "There is no 'colour' here. Known are: name,"),
    "capitals": (["name=OtterReminder", "entity=invoice"], "is kebab-case"),
    "underscores": (["name=otter_reminder", "entity=invoice"], "is kebab-case"),
    "a folder above": (["name=../invoice", "entity=invoice"], "is kebab-case"),
    "a long name": ([f"name={'a' * 61}", "entity=invoice"], "at most 60 characters"),
    "a keyword": (["name=import", "entity=invoice"], "a word of Python's own"),
    "a soft keyword": (["name=match", "entity=invoice"], "a word of Python's own"),
    "a keyword once it is a class": (["name=none", "entity=invoice"], "a word of Python's own"),
    "a builtin once it is a class": (["name=a-b", "entity=exception"], "a word of Python's own"),
    "a module of Python's": (["name=json", "entity=invoice"], "would shadow the module json"),
    "a package": (["name=sqlalchemy", "entity=invoice"], "would shadow the module sqlalchemy"),
    "a folder of ours": (["name=tests", "entity=invoice"], "would shadow the module tests"),
    "a module of ours": (["name=group-commit", "entity=invoice"], "group_commit.py is there"),
    "a table": (["name=run-event", "entity=invoice"], "there is a table run_event"),
    "an entity in capitals": (["name=otter-reminder", "entity=Invoice"], "is kebab-case"),
    "an entity that is a keyword": (["name=a-b", "entity=class"], "a word of Python's own"),
    "runs": (["name=run-sweeper", "entity=run"], "a run's own"),
    "one and many alike": ([*SHORTEST, "plural=invoice"], "plural= must differ from 'invoice'"),
    "no such source": ([*SHORTEST, "source=ftp"], "source is one of sql, http, csv, ids, not"),
    "no such result": ([*SHORTEST, "result=file"], "result is one of table, redis, none, not"),
    "no such id": ([*SHORTEST, "id=float"], "id is one of text, int, uuid, not 'float'"),
    "neither yes nor no": ([*SHORTEST, "steps=maybe"], "steps is one of yes, no, not 'maybe'"),
}


@pytest.mark.parametrize(("told", "sentence"), REFUSED.values(), ids=REFUSED)
def test_each_mistake_has_its_sentence(told: list[str], sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        as_told(ROOT, told)
    assert sentence in refused.value.detail


def test_who_is_asked_is_asked_again_until_it_can_be(capsys: pytest.CaptureFixture[str]) -> None:
    said = iter(
        [
            *("Invoice", "otter-reminder", "run", "invoice", "bills"),
            *("ftp", "ids", "table", "uuid", "none", "no"),
        ]
    )
    order = as_asked(ROOT, lambda question, default: next(said))
    assert order == Order(
        "otter-reminder", "invoice", "bills", "ids", "none", steps=False, id="uuid"
    )
    shown = capsys.readouterr().out
    assert "is kebab-case" in shown
    assert "a run's own" in shown
    assert "source is one of" in shown
    assert "id is one of text, int, uuid, not 'table'" in shown


def test_what_nobody_types_is_what_is_proposed() -> None:
    typed = iter(["otter-reminder", "invoice"])
    order = as_asked(ROOT, lambda question, default: default or next(typed))
    assert order == as_told(ROOT, SHORTEST)


@pytest.mark.parametrize(("said", "kind"), [("table", ""), ("int", "int")])
def test_who_reads_a_table_is_asked_whether_the_ids_are_as_there(said: str, kind: str) -> None:
    typed = iter(["otter-reminder", "invoice", "invoices", "sql", said, "table", "no"])
    order = as_asked(ROOT, lambda question, default: next(typed))
    assert (order.source, order.id) == ("sql", kind)


def test_the_names_in_the_code_follow_from_the_familys() -> None:
    assert names("otter-reminder", "purchase-order", "orders") == Names(
        name="otter-reminder",
        module="otter_reminder",
        family_class="OtterReminders",
        table_class="OtterReminder",
        entity="purchase-order",
        plural="orders",
        entity_class="PurchaseOrder",
        entity_field="purchase_order_id",
        entity_module="purchase_order",
    )


@pytest.mark.parametrize(
    ("name", "entity"),
    [("param", "invoice"), ("order", "order"), ("a-b", "context"), ("cod", "cods")],
)
def test_two_things_of_one_name_are_refused(name: str, entity: str) -> None:
    with pytest.raises(BadInput, match="Two things would be called"):
        names(name, entity, in_many(entity))


def test_many_are_called_as_the_rules_say() -> None:
    one = ("user", "company", "day", "box", "address", "branch")
    assert [in_many(word) for word in one] == [
        *("users", "companies", "days", "boxes", "addresses", "branches")
    ]
    assert camel("purchase-order-2") == "PurchaseOrder2"


def test_the_next_migration_follows_the_last_one() -> None:
    found = next_revision(ROOT, "otter_reminder")
    assert found.follows == "".join(scripts_of(SERVICE).get_heads())
    assert re.fullmatch(r"\d{8}_otter_reminder", found.id)


def test_a_migration_is_called_by_its_day_and_what_it_is_about_however_long_that_is() -> None:
    day = date(2026, 3, 9)
    assert revision_id("Add a priority, at last", day) == "20260309_add_a_priority_at_last"
    long = [revision_id(f"{'quite_a_long_name_' * 3}{last}", day) for last in ("one", "two")]
    assert all(len(name) == LONGEST_ID and name.startswith("20260309_quite") for name in long)
    assert long[0] != long[1]
