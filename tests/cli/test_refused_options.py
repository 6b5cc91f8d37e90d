"""What the service refuses by its fields is told by what was typed: options and arguments."""

from __future__ import annotations

import shlex

import pytest

from tests.cli.command import Commanding
from tests.support.families import Recording
from tests.support.service import Opener

REFUSED = {
    "run recording --item-id ''": "--item-id: must have at least 1 character",
    "retry RUN --status running": "--status: ",
    "runs --status runing": "--status: must be 'pending', ",
    "audit --from soon": "--from: it must be a date such as",
    "audit --from 2026-01-02 --to 2026-01-01": "`--to` must be later than `--from`: ",
    "schedule add recording '0 3 * * *' --name A_B": "--name must be kebab-case",
    "schedule add recording '0 3 * * *' --tz Nowhere": "--tz 'Nowhere', character 1: ",
    "schedule add recording never": "EXPRESSION 'never', character 1: ",
}


async def test_a_field_that_is_refused_is_told_as_the_option_that_was_typed(
    opener: Opener, commanding: Commanding, subtests: pytest.Subtests
) -> None:
    async with opener(Recording()) as sluice, commanding(sluice) as command:
        run_id = await sluice.start()
        for words, told in REFUSED.items():
            with subtests.test(words=words):
                args = [run_id if word == "RUN" else word for word in shlex.split(words)]
                assert (await command.refused(*args)).startswith(told)
