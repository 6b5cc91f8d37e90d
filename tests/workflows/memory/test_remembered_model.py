"""In random order: what counts as done is always what a plain model says."""

from __future__ import annotations

import random

import pytest

from app.workflows.family import Context, Fatal, Skip
from tests.support.service import Opener
from tests.workflows.memory.remembering import Params, Remembering, age

USERS = 9
STEPS = 14
LOCALES = ("en", "de")


@pytest.mark.parametrize("seed", range(6))
async def test_runs_forced_runs_new_versions_and_time_leave_what_a_model_says(
    opener: Opener, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    model: dict[tuple[str, str], tuple[int, float]] = {}  # by locale and item: version, age
    bad: set[str] = set()

    def work(user: str, ctx: Context) -> None:
        if user in bad:
            raise chance.choice((Fatal, Skip))("not now")

    version, done = 1, 0
    while done < STEPS:
        async with opener(Remembering(version=version, work=work)) as sluice:
            if done == 0:
                await sluice.add_users(USERS)
            ids = [f"u{n:05}" for n in range(1, USERS + 1)]
            while done < STEPS:
                done += 1
                locale = chance.choice(LOCALES)
                params = Params(locale=locale, tone=chance.choice(("dry", "warm")))
                match chance.choice(("run", "run", "force", "limit", "version", "age", "fates")):
                    case "version":
                        version = chance.choice((1, 2, 3))
                        break  # another deployment
                    case "age":
                        days = chance.choice((5, 12, 20))
                        await age(sluice, days)
                        model = {at: (of, old + days) for at, (of, old) in model.items()}
                    case "fates":
                        bad = set(chance.sample(ids, 3))
                    case kind:
                        fresh = {
                            one
                            for one in ids
                            if model.get((locale, one), (0, 0.0))[0] == version
                            and model[locale, one][1] < 30
                        }
                        todo = ids if kind == "force" else [one for one in ids if one not in fresh]
                        limit = chance.randint(1, USERS) if kind == "limit" else None
                        run_id = await sluice.start(
                            params=params, force=kind == "force", limit=limit
                        )
                        async with sluice.worker():
                            run = await sluice.ended(run_id)
                        begun = todo[:limit]
                        well = [one for one in begun if one not in bad]
                        assert (run.scheduled, run.succeeded) == (len(begun), len(well))
                        model |= {(locale, one): (version, 0.0) for one in well}
                for locale in LOCALES:
                    found = await sluice.dry_run(params=Params(locale=locale))
                    living = [
                        of for (at, _), (of, old) in model.items() if at == locale and old < 30
                    ]
                    assert (found.already_processed, found.stale) == (
                        living.count(version),
                        len(living) - living.count(version),
                    )
