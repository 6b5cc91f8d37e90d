"""How many connections the API holds, by what its process may have open."""

from __future__ import annotations

import pytest

from app.cli.server.limits import limits_of
from app.settings import Settings


@pytest.mark.parametrize(
    ("allowed", "api", "with_worker"),
    [
        (256, 88, 64),
        (512, 280, 180),
        (1_024, 664, 564),
        (65_536, 4_000, 4_000),
    ],
)
def test_connections_get_what_the_process_does_not_need(
    allowed: int, api: int, with_worker: int
) -> None:
    settings = Settings.model_validate({})
    assert limits_of(settings, with_worker=False, allowed=allowed).connections == api
    assert limits_of(settings, with_worker=True, allowed=allowed).connections == with_worker


def test_a_setting_lowers_them_and_never_takes_more_than_there_is() -> None:
    for told, connections in ((100, 100), (1_000, 280)):
        settings = Settings.model_validate({"SLUICE_MAX_CONNECTIONS": told})
        assert limits_of(settings, with_worker=False, allowed=512).connections == connections
