"""``sluice forget``, as a process."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import Commanding
from tests.support.service import Opener
from tests.workflows.memory.remembering import Remembering, remembered


async def test_items_are_forgotten_by_name_from_a_file_and_all_of_them(
    opener: Opener, commanding: Commanding, tmp_path: Path
) -> None:
    async with opener(Remembering()) as sluice, commanding(sluice) as command:
        await sluice.add_users(6)
        run_id = await sluice.start()
        async with sluice.worker():
            await sluice.ended(run_id)
        said = await command.says("forget", "remembering", "--item-id", "u00001", "--note", "No.")
        assert said == "Forgot the results of 1 user.\n"
        file = tmp_path / "ids"
        file.write_text("u00002\nu00003\nnobody\n")
        said = await command.says("forget", "remembering", "--items", str(file))
        assert said == "Forgot the results of 2 users.\n"
        assert [row[0] for row in await remembered(sluice)] == ["u00004", "u00005", "u00006"]
        said = await command.says("forget", "remembering")
        assert said == "Forgot the results of all users.\n"
        found = await sluice.dry_run()
        assert (found.to_process, found.already_processed) == (6, 0)
        assert "results_forgotten" in await command.says("audit", "--subject", "family")


async def test_on_a_terminal_it_asks_before_everything_is_forgotten_and_only_then(
    opener: Opener, commanding: Commanding
) -> None:
    async with opener(Remembering()) as sluice, commanding(sluice) as command:
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            await sluice.ended(run_id)
        code, shown = await command.on_a_terminal("forget", "remembering", answer="n")
        assert code == 1
        assert "Forget the results of all users? The next run makes them anew." in shown
        assert (await sluice.dry_run()).already_processed == 2
        code, _ = await command.on_a_terminal("forget", "remembering", answer="y")
        assert code == 0
        assert (await sluice.dry_run()).already_processed == 0
