"""The committed agents, scenes and posts, and what loading them does."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.errors import BadInput
from app.models.agent import Agent
from app.models.post import Post
from app.models.scene import Scene
from app.seed import example_tables, user_table
from app.seed.example_rows import SeedAgent, SeedPost, SeedScene
from app.seed.load import load_committed, load_users, load_when_empty
from app.seed.read import committed, read_rows, seed_file
from app.seed.row import SeedRow, expectation
from app.seed.upserts import Written
from app.seed.user_row import SeedUser

KINDS: list[type[SeedRow]] = [SeedUser, SeedAgent, SeedScene, SeedPost]
ADA = "ada@example.org"


async def counts(database: AsyncEngine) -> list[int]:
    async with database.connect() as connection:
        return [
            await user_table.count(connection),
            *[await example_tables.count(connection, table) for table in (Agent, Scene, Post)],
        ]


async def do(database: AsyncEngine, statement: str) -> None:
    async with database.begin() as tx:
        await tx.execute(text(statement))


async def rows(database: AsyncEngine, query: str) -> list[tuple[object, ...]]:
    async with database.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


def written(folder: Path, *lines: str) -> Path:
    path = folder / "some.csv"
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def complaint(path: Path, kind: type[SeedRow]) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read_rows(path, kind)
    return caught.value


def test_the_committed_agents_belong_to_committed_users() -> None:
    users = {user.email: user for user in committed(SeedUser)}
    agents = committed(SeedAgent)

    assert len(agents) == 300
    assert {agent.owner for agent in agents} <= set(users)
    assert 260 <= sum(agent.active for agent in agents) <= 285
    assert sum(agent.active and users[agent.owner].active for agent in agents) == 241
    assert len({agent.role for agent in agents}) >= 40
    assert len({agent.owner for agent in agents}) < 250  # some have several


def test_the_committed_scenes_and_posts_are_twelve_each_and_described() -> None:
    scenes = committed(SeedScene)

    assert (len(scenes), len(committed(SeedPost))) == (12, 12)
    assert all(scene.description.count(". ") == 1 for scene in scenes)
    assert len({post.audience for post in committed(SeedPost)}) == 12


@pytest.mark.parametrize("kind", KINDS)
def test_a_committed_file_has_a_row_on_every_line_and_no_space_around_a_cell(
    kind: type[SeedRow],
) -> None:
    whole = seed_file(kind).read_text(encoding="utf-8")

    cells = list(csv.reader(whole.splitlines(), strict=True))
    assert len(cells) == whole.count("\n") == len(committed(kind)) + 1
    assert all(cell == cell.strip() != "" for row in cells for cell in row)
    assert "\r" not in whole


@pytest.mark.parametrize("kind", KINDS)
def test_every_column_says_what_it_must_be(kind: type[SeedRow]) -> None:
    for column in kind.model_fields:
        assert expectation(kind, column).removeprefix("it must be ") not in ("", "None")


def test_a_bad_cell_is_named_by_line_and_column(tmp_path: Path) -> None:
    header = "owner,name,role,description,active"
    good = f"{ADA},Bo,cook,Cooks.,true"
    path = written(tmp_path, header, good, f"{ADA},Bo,{'x' * 81},Cooks.,true")

    error = complaint(path, SeedAgent)

    assert error.detail.startswith("some.csv line 3: role: it must be 1 to 80 characters")
    assert error.field == "role"
    path = written(tmp_path, header, good, f"{ADA},Bo,cook,Cooks.,maybe")
    assert complaint(path, SeedAgent).field == "active"
    path = written(tmp_path, header, f"ada,{good}")
    assert complaint(path, SeedAgent).detail.startswith("some.csv line 2: it has 6 cells")


def test_a_user_has_no_two_agents_of_one_name_and_two_users_may_have_one_each(
    tmp_path: Path,
) -> None:
    header = "owner,name,role,description,active"
    one, other = f"{ADA},Bo,cook,Cooks.,true", "bea@example.org,Bo,cook,Cooks.,true"

    assert len(read_rows(written(tmp_path, header, one, other), SeedAgent)) == 2
    path = written(tmp_path, header, one, other, one.replace("ada", "ADA"))
    assert complaint(path, SeedAgent).detail == "some.csv line 4: name: 'Bo' is on line 2 too."


def test_what_a_file_lacks_is_told_by_its_kind(tmp_path: Path) -> None:
    assert complaint(written(tmp_path, "title"), SeedScene).detail == (
        "some.csv: the header lacks description. It takes title, description."
    )


async def test_everything_is_loaded_and_again_updated_under_the_same_ids(
    database: AsyncEngine,
) -> None:
    first = await load_committed(database)
    ids = await rows(database, "SELECT id FROM agent ORDER BY id")
    await do(database, "UPDATE scene SET description = 'other'")
    await do(database, "UPDATE post SET draft = 'Bake.', approved = true")

    again = await load_committed(database)

    numbers = {"users": 1_000, "agents": 300, "scenes": 12, "posts": 12}
    assert first == {name: Written(number, 0) for name, number in numbers.items()}
    assert again == {name: Written(0, number) for name, number in numbers.items()}
    assert await counts(database) == [1_000, 300, 12, 12]
    assert await rows(database, "SELECT id FROM agent ORDER BY id") == ids
    assert await rows(database, "SELECT 1 FROM scene WHERE description = 'other'") == []
    assert len(await rows(database, "SELECT 1 FROM post WHERE draft = 'Bake.' AND approved")) == 12


async def test_ids_tell_what_they_are_of(database: AsyncEngine) -> None:
    await load_committed(database)

    for table, prefix in (("agent", "agt"), ("scene", "scn"), ("post", "pst")):
        query = f"SELECT DISTINCT left(id, 4), length(id) FROM {table}"  # noqa: S608 our own names
        assert await rows(database, query) == [(f"{prefix}_", 30)]


async def test_what_is_empty_is_filled_and_what_is_not_is_left_alone(
    database: AsyncEngine,
) -> None:
    await load_when_empty(database)
    assert await counts(database) == [1_000, 300, 12, 12]
    await do(database, "DELETE FROM scene")
    await do(database, "DELETE FROM post WHERE audience <> 'students'")
    await do(database, "UPDATE agent SET role = 'mine'")

    await load_when_empty(database)

    assert await counts(database) == [1_000, 300, 12, 1]
    assert await rows(database, "SELECT DISTINCT role FROM agent") == [("mine",)]


async def test_agents_whose_owner_is_not_there_are_left_out(database: AsyncEngine) -> None:
    [owner, *_] = [agent.owner for agent in committed(SeedAgent)]
    await load_users(database, [user for user in committed(SeedUser) if user.email == owner])

    await load_when_empty(database)

    assert await counts(database) == [1, 1, 12, 12]
