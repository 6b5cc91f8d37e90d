"""What a family says under ``on`` is checked when it is found, and told by ``sluice check``."""

from __future__ import annotations

import pytest

from app.errors import ConfigurationError
from app.workflows.checks.declaration import declaration
from app.workflows.family import Event
from app.workflows.registry.discovery import require_complete
from tests.support.families import Recording


class Told(Recording):
    on = (Event("user/registered", item="user.id"), Event("user/left", item="user.id"))


class Wrong(Recording):
    on = (Event("user/registered", item="user.id", params=("plan",)),)


def test_a_family_that_cannot_be_started_so_is_refused_where_it_is_found() -> None:
    require_complete("told.py", Told())
    with pytest.raises(ConfigurationError, match=r"wrong\.py: recording: on: it has no param"):
        require_complete("wrong.py", Wrong())


def test_its_events_are_told_with_what_it_declares() -> None:
    assert declaration(Told())["events"] == "user/registered, user/left"
    assert "events" not in declaration(Recording())
