"""Settings as those of a service that has some of its own, whatever the service has."""

from __future__ import annotations

from pydantic import SecretStr

from app.settings import Settings


class OwnSettings(Settings):
    crm_key: SecretStr | None = None
    shop_key: SecretStr | None = None
    crm_url: str | None = None
    shop_url: str | None = None
