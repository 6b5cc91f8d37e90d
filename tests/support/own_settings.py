"""Settings as those of a service that has some of its own, whatever the service has."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from app.errors import ConfigurationError
from app.settings import Settings, load_settings


class OwnSettings(Settings):
    crm_key: SecretStr | None = None
    shop_key: SecretStr | None = None
    crm_url: str | None = None
    shop_url: str | None = None


def refused_settings() -> str:
    """The sentence with which those of the environment are refused."""
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    return refused.value.detail
