"""Every setting, Sluice's and the service's own, read once. ``bootstrap`` and the command line
alone read it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import DotEnvSettingsSource, SettingsError

from app.config.environment import NEARLY_THE_SAME, EnvironmentSettings, name_of, names_of
from app.config.sluice_settings import SluiceSettings, reached_at
from app.errors import ConfigurationError, field_errors, full_stop, nearest
from app.services.settings import ServiceSettings

__all__ = ["OURS", "Settings", "load_settings", "name_of", "reached_at"]

OURS = ("SLUICE_", *ServiceSettings.prefixes)
"""Prefixes under which a name that is not a setting is taken for a misspelt one."""
OF_OPENTELEMETRY = "OTEL_"
"""So begin names of which most are read by OpenTelemetry itself."""
LISTED = "docs/reference/settings.md"
RESEMBLANCE = 0.8
"""More than elsewhere, because names begin alike: IMAGE_KEY is as near to IMAGE_API_KEY as this,
IMAGE_URL to none."""


class Settings(SluiceSettings, ServiceSettings):
    """One frozen object."""


_FIELD = re.compile(r'field "(\w+)"')


def load_settings(env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings; the environment wins over ``env_file``.

    A name that is no setting is somebody else's, unless it seems to be a misspelt one.

    Raises:
        ConfigurationError: for a misspelt name or a malformed value; names it, and never shows a
            secret.
    """
    require_free_names(ServiceSettings)
    known = names_of(Settings)
    for name in sorted({*os.environ} - {*known}):
        if _is_misspelt(name, known):
            raise _unknown(name, known)
    for name in sorted({*_names_in(env_file)} - {*known}):
        theirs = name.startswith(OF_OPENTELEMETRY)
        alike = not theirs and _resembles(name, known, NEARLY_THE_SAME)
        if _is_misspelt(name, known) or alike:
            raise _unknown(name, known)
    try:
        return Settings(_env_file=env_file)
    except ValidationError as error:
        first = field_errors(error)[0]
        raise ConfigurationError(
            f"{first['field'].upper()} cannot be used: {full_stop(first['message'])}"
        ) from None
    except SettingsError as error:
        # Of what is no JSON; it tells the field in its sentence alone.
        found = _FIELD.search(str(error))
        name = "A setting" if found is None else name_of(Settings, found[1])
        raise ConfigurationError(
            f"{name} cannot be used: a list or a mapping is written as JSON."
        ) from None


def require_free_names(own: type[EnvironmentSettings]) -> None:
    """
    Raises:
        ConfigurationError: a setting of the service's own would hide one of Sluice's.
    """
    taken = {*SluiceSettings.model_fields, *names_of(SluiceSettings)}
    for field in own.model_fields:
        name = name_of(own, field)
        if {field, name} & taken or name.startswith("SLUICE_"):
            raise ConfigurationError(
                f"app/services/settings.py declares {field}, read from {name}: names that begin"
                " with SLUICE_, and those of Sluice's settings, are taken. Choose another."
            )


def _names_in(env_file: Path | None) -> Iterator[str]:
    if env_file is not None:
        yield from (name.upper() for name in DotEnvSettingsSource(Settings, env_file).env_vars)


def _is_misspelt(name: str, known: Iterable[str]) -> bool:
    # Others have an IMAGE_TAG too.
    common = tuple(f"{own.partition('_')[0]}_" for own in names_of(ServiceSettings))
    return name.startswith(OURS) or (
        name.startswith(common) and _resembles(name, known, RESEMBLANCE)
    )


def _resembles(name: str, known: Iterable[str], nearness: float) -> bool:
    return bool(nearest(name, known, nearness=nearness))


def _unknown(name: str, known: list[str]) -> ConfigurationError:
    meant = nearest(name, known, nearness=RESEMBLANCE)
    hint = f"Did you mean {meant[0]}?" if meant else f"All of ours are listed in {LISTED}."
    return ConfigurationError(
        f"Unknown setting {name}. {hint} One of your own is declared in app/services/settings.py."
    )
