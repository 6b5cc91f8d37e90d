"""What starts a family by itself, as its author declares it: what its schedule asks it for, checked
when it is made and read when it fires; and its events."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from app.errors import BadInput, ConfigurationError, field_errors, first_of
from app.workflows.contract.cron import CatchUp, Cron
from app.workflows.contract.event import Event
from app.workflows.contract.job_family import AnyFamily
from app.workflows.contract.run_options import ScheduleOptions
from app.workflows.registry.param_types import check_param
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
        options = ScheduleOptions(force=cron.force, limit=cron.limit, priority=cron.priority)
    except BadInput as error:
        raise ConfigurationError(f"{family.name}.schedule: {error.detail}") from None
    except ValidationError as error:
        raise ConfigurationError(
            f"{family.name}.schedule: {first_of(field_errors(error))}"
        ) from None
    catch_up: object = cron.catch_up
    if catch_up not in [*CatchUp]:
        raise ConfigurationError(
            f"{family.name}.schedule: catch_up must be CatchUp.ONE or CatchUp.NONE, not"
            f" {catch_up!r}."
        )
    return {
        "expression": " ".join(cron.expression.split()),
        "tz": cron.tz,
        "params": kept.json,
        "sealed": kept.sealed,
        "params_version": kept.version,
        "options": options.stored(),
        "catch_up": str(catch_up),
    }


def check_starts(family: AnyFamily, params: Params) -> None:
    """
    Args:
        params: the family's.

    Raises:
        ConfigurationError: its schedule, or an event that it names, cannot be used.
    """
    declared_spec(family, params)
    check_events(family)


def check_events(family: AnyFamily) -> None:
    """
    Raises:
        ConfigurationError: what the family says under ``on`` cannot be used.
    """
    name, kind = family.name, family.params
    on: object = family.on
    if not (isinstance(on, list | tuple) and all(isinstance(one, Event) for one in on)):
        raise ConfigurationError(
            f'{name}: on is a tuple of Event(…), such as on = (Event("user/registered",'
            ' item="user.id"),).'
        )
    names = [event.name for event in on]
    twice = next((one for one in names if names.count(one) > 1), None)
    if twice is not None:
        raise ConfigurationError(f"{name}: on names the event {twice!r} twice. Name it once.")
    for event in on:
        for own in event.taken:
            check_param(
                kind,
                own,
                whose=f"{name}: on: it",
                secret=f"{name}: on: the param {own!r} is a secret, and an event's data is kept as"
                " it came.",
            )
        for own, field in kind.model_fields.items():
            if field.is_required() and own not in event.taken:
                raise ConfigurationError(
                    f"{name}: on: no run can start without its param {own!r}, and"
                    f' Event({event.name!r}) does not take it: params=("{own}",).'
                )
