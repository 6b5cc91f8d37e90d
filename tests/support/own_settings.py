"""Settings as those of a service that has some of its own, whatever the service has: by names that
nobody else gives, so that their types are not those of the service's."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from app.errors import ConfigurationError
from app.settings import Settings, load_settings


class OwnSettings(Settings):
    otter_key: SecretStr | None = None
    badger_key: SecretStr | None = None
    otter_url: str | None = None
    badger_url: str | None = None


def refused_settings() -> str:
    """The sentence with which those of the environment are refused."""
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    return refused.value.detail
