"""A run whose params, or entity, its family takes no more, or whose secrets cannot be read."""

from __future__ import annotations

from app.store.statuses import PauseReason
from app.workflows.serialization.params import EntityRefused, Unreadable
from app.workflows.serialization.secret_box import SecretsLost


def reason_of(error: Unreadable) -> PauseReason:
    """For which the run pauses."""
    refused = isinstance(error, EntityRefused)
    return PauseReason.ENTITY_CHANGED if refused else PauseReason.PARAMS_CHANGED


def sentence_of(error: Unreadable) -> str:
    """What is wrong, and what is to be done."""
    if isinstance(error, SecretsLost):
        return (
            f"A process cannot read the run's secrets. {error.detail} Then resume the run, or"
            " cancel it and start another."
        )
    what, them = ("entity", "it") if isinstance(error, EntityRefused) else ("params", "them")
    return (
        f"The family takes the run's {what} no more: {error.detail} Bring back code that takes"
        f" {them} and resume the run, or cancel it and start another."
    )
