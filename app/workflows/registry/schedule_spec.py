"""What a schedule asks its family for: checked when it is made, and read when it fires."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from app.errors import BadInput, ConfigurationError, field_errors, first_of
from app.workflows.contract.cron import CatchUp, Cron
from app.workflows.contract.job_family import AnyFamily
from app.workflows.contract.run_options import ScheduleOptions
from app.workflows.serialization.params import Params


def declared_spec(family: AnyFamily, params: Params) -> dict[str, Any] | None:
    """What the row of a family's own schedule holds; None: the family declares none.

    Args:
        params: the family's.

    Raises:
        ConfigurationError: what it declares cannot be used.
    """
    cron: object = family.schedule
    if cron is None:
        return None
    if not isinstance(cron, Cron):
        raise ConfigurationError(
            f'{family.name}.schedule must be a Cron, such as Cron("0 3 * * *"), or None.'
        )
    try:
        kept = params.named(cron.params or {})
        options = ScheduleOptions(force=cron.force, limit=cron.limit)
        catch_up = CatchUp(cron.catch_up)
    except BadInput as error:
        raise ConfigurationError(f"{family.name}.schedule: {error.detail}") from None
    except ValidationError as error:
        raise ConfigurationError(
            f"{family.name}.schedule: {first_of(field_errors(error))}"
        ) from None
    except ValueError as error:
        raise ConfigurationError(f"{family.name}.schedule: catch_up: {error}") from None
    return {
        "expression": " ".join(cron.expression.split()),
        "tz": cron.tz,
        "params": kept.json,
        "sealed": kept.sealed,
        "params_version": kept.version,
        "options": options.stored(),
        "catch_up": str(catch_up),
    }
