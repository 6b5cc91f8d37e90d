"""What nobody should send as an entity is refused by the path of its field, and starts nothing."""

from __future__ import annotations

from typing import Any

import pytest

from app.errors import ConfigurationError
from app.workflows.family import Context, FamilyEntity, FamilyParams, JobFamily
from app.workflows.registry.discovery import collect_families
from tests.api.auth.test_scopes import TOKENS, calling
from tests.support.families import Recording
from tests.support.http import api, assert_problem, fields, traces
from tests.support.service import Opener
from tests.support.users import User
from tests.workflows.invocations.postcards import Postcard, Postcards, Style
from tests.workflows.invocations.test_invocation import CARD, EXECUTE, PROCESS

WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"entity": {}}, ["entity.toWhom"]),
    ({"entity": CARD | {"colour": "red"}}, ["entity.colour"]),
    ({"entity": CARD | {"copies": "2"}}, ["entity.copies"]),
    ({"entity": CARD | {"copies": 6}}, ["entity.copies"]),
    ({"entity": CARD | {"lines": ["a", 2]}}, ["entity.lines.1"]),
    ({"entity": CARD | {"toWhom": "", "copies": 0}}, ["entity.toWhom", "entity.copies"]),
    ({"entity": CARD | {"toWhom": "a\0b"}}, ["entity.toWhom"]),
    ({"entity": CARD | {"toWhom": None}}, ["entity.toWhom"]),
    ({"entity": CARD | {"secret": "**********"}}, ["entity.secret"]),
    ({"entity": CARD | {"lines": ["x" * 40_000]}}, ["entity"]),
    ({"entity": CARD | {"secret": "x" * 40_000}}, ["entity"]),
    ({"entity": []}, ["entity"]),
    ({"entity": "Ada"}, ["entity"]),
    ({"entity": CARD, "params": {"tone": 3}}, ["params.tone"]),
]
BESIDE: list[tuple[str, Any]] = [
    ("itemIds", ["u1"]),
    ("limit", 1),
    ("force", True),
    ("canary", 1),
    ("autoPromote", True),
    ("ramp", {"start": 1}),
    ("maxFailureRate", 0.5),
    ("maxFailureRate", 0.0),
    ("minItems", 3),
]


@pytest.mark.parametrize("path", [PROCESS, EXECUTE])
async def test_an_entity_that_its_family_does_not_take_is_refused_by_its_field(
    opener: Opener, path: str, subtests: pytest.Subtests
) -> None:
    async with opener(Postcards()) as sluice, api(sluice) as caller:
        for body, named in WRONG:
            for dry in (False, True):
                with subtests.test(body=str(body)[:80], dry=dry):
                    answer = await caller.post(path, json={**body, "dryRun": dry})
                    document = assert_problem(answer, 422)
                    assert fields(document) == named
                    assert "xxx" not in answer.text
        assert await traces(sluice) == (0, 0, 0)


async def test_what_is_said_of_several_items_goes_with_no_entity(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Postcards()) as sluice, api(sluice) as caller:
        made = await caller.post("/api/item-lists", json={"itemIds": ["u1"]})
        for name, value in [*BESIDE, ("itemList", made.json()["listId"])]:
            with subtests.test(name=name):
                answer = await caller.post(PROCESS, json={"entity": CARD, name: value})
                document = assert_problem(answer, 422)
                assert fields(document) == [name]
                assert f"{name}: send either this or an entity" in document["detail"]
        for name in ("userId", "itemId", "runId"):
            answer = await caller.post(EXECUTE, json={"entity": CARD, name: "u1"})
            named = "userId" if name == "itemId" else name
            assert fields(assert_problem(answer, 422)) == [named]
        nothing = assert_problem(await caller.post(EXECUTE, json={}), 422)
        assert fields(nothing) == ["userId"]
        assert nothing["detail"] == "Name userId, or send an entity."
        assert await traces(sluice) == (0, 0, 0)


async def test_null_is_no_entity(opener: Opener) -> None:
    async with opener(Postcards(), Recording()) as sluice, api(sluice) as caller:
        for path in (PROCESS, "/api/workflows/recording/process-users"):
            answer = await caller.post(path, json={"entity": None, "dryRun": True, "limit": 3})
            assert (answer.status_code, answer.json()["totalEligible"]) == (200, 0)


async def test_a_family_that_takes_none_says_what_to_declare(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        for path, more in (("process-users", {}), ("record-user", {"userId": "u1"})):
            body = {"entity": {"a": 1}, **more}
            answer = await caller.post(f"/api/workflows/recording/{path}", json=body)
            document = assert_problem(answer, 422)
            assert fields(document) == ["entity"]
            assert "let Recording say what it takes: invokes = a pydantic model" in answer.text
        assert await traces(sluice) == (0, 0, 0)


async def test_whoever_may_only_look_has_no_entity_of_theirs_executed(opener: Opener) -> None:
    family = Postcards()
    async with opener(family, tokens=TOKENS) as sluice, calling(sluice) as callers:
        for body in ({"entity": CARD}, {"entity": CARD, "dryRun": True}):
            for who in ("viewer", "approver"):
                document = assert_problem(await callers.post(who, EXECUTE, body), 403)
                assert document["needs"] == ["run"]
        assert_problem(await callers.post("viewer", PROCESS, {"entity": CARD}), 403)
        counted = await callers.post("viewer", PROCESS, {"entity": CARD, "dryRun": True})
        assert counted.json()["toProcess"] == 1
        for path in (PROCESS, EXECUTE):
            assert_problem(await callers.post("clock", path, {"entity": CARD}), 403)
            assert_problem(await callers.post("nobody", path, {"entity": CARD}), 401)
        assert await traces(sluice) == (0, 0, 0)
        assert not family.executed
        assert (await callers.post("runner", EXECUTE, {"entity": CARD})).status_code == 202


async def test_a_family_that_is_not_ready_is_told_so(opener: Opener) -> None:
    class Unready(Postcards):
        async def ready(self, params: Style, ctx: Context) -> None:
            raise RuntimeError("no stamps")

    async with opener(Unready()) as sluice, api(sluice) as caller:
        for body in ({"entity": CARD}, {"entity": CARD, "dryRun": True}):
            document = assert_problem(await caller.post(PROCESS, json=body), 424)
            assert "no stamps" in document["detail"]
        assert await traces(sluice) == (0, 0, 0)


async def test_the_schema_of_an_entity_is_told_where_a_family_takes_one(opener: Opener) -> None:
    async with opener(Postcards(), Recording()) as sluice, api(sluice) as caller:
        found = (await caller.get("/api/families")).json()["families"]
        schemas = (await caller.get("/openapi.json")).json()["components"]["schemas"]
    invokes = {family["name"]: family["invokes"] for family in found}
    assert invokes["recording"] is None
    assert set(invokes["postcard"]["properties"]) == {"toWhom", "copies", "lines", "secret"}
    for name in ("PostcardProcess", "PostcardExecute"):
        assert {"$ref": "#/components/schemas/Postcard"} in (
            schemas[name]["properties"]["entity"]["anyOf"]
        )
    assert "entity" not in schemas["RecordingProcess"]["properties"]
    assert "itemId" not in schemas["PostcardExecute"].get("required", [])
    assert schemas["RecordingExecute"]["required"] == ["userId"]


class Ids(JobFamily[FamilyParams, Postcard, str, int]):
    """Its ids are numbers, which the id of a handed over entity is not."""

    name = "numbered"
    entity = Recording.entity
    invokes = Postcard
    eligible = Recording.eligible

    def load(self, item_id: int, ctx: Context) -> Postcard:
        raise AssertionError("nothing is loaded")

    def execute(self, entity: Postcard, params: FamilyParams, ctx: Context) -> str:
        return str(ctx.item_id)

    def stored(self, item_id: int, params: FamilyParams, ctx: Context) -> str | None:
        raise AssertionError("nothing is stored")


async def test_a_family_whose_ids_are_numbers_is_given_no_id(opener: Opener) -> None:
    async with opener(Ids()) as sluice, api(sluice) as caller, sluice.worker():
        body = {"entity": CARD}
        told = (await caller.post("/api/workflows/numbered/process-users", json=body)).json()
        run = await sluice.ended(told["runId"])
        [item] = await sluice.items(run.id)
        assert (run.status, item.result) == ("succeeded", told["itemId"])
        path = "/api/workflows/numbered/execute-user"
        answer = await caller.post(path, json={**body, "dryRun": True})
        assert answer.json()["outcome"] == "succeeded"


class Loose(FamilyEntity):
    copies: int = 1


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (User, "invokes = User is a table, which takes whatever it is given unchecked."),
        (Loose, "invokes = Loose, but execute() is given Postcard"),
        (dict, "invokes must be a pydantic model, and not <class 'dict'>."),
    ],
)
def test_a_family_that_could_not_take_what_it_says_is_refused_at_the_start(
    said: type[Any], sentence: str
) -> None:
    class Wrong(Postcards):
        invokes = said

    with pytest.raises(ConfigurationError, match=sentence.partition("(")[0]):
        collect_families([("wrong.py", Wrong())])
