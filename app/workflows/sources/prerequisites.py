"""Asking a family whether its work can be done just now, before anything of a run begins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from app.errors import SluiceError
from app.store.database import reading
from app.store.runs import idempotency
from app.store.runs.idempotency import IdempotentCall
from app.workflows.contract.context import Context
from app.workflows.contract.exceptions import (
    FamilyFailed,
    NotReady,
    StatementRefused,
    disposition,
    is_of_the_contract,
)
from app.workflows.contract.job_family import overridden
from app.workflows.failures.error_text import class_of, sentence_of_all
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.family_call import told

READY_SECONDS = 30.0
"""For which ``ready`` is waited for: a caller waits, and a layer's slot is held."""


class StartRequest(Protocol):
    @property
    def params(self) -> BaseModel: ...


async def require_ready(bound: BoundFamily, params: BaseModel, ctx: Context) -> None:
    """
    Raises:
        NotReady: ``ready`` raised, whatever it was, or did not end in time.
    """
    try:
        async with asyncio.timeout(READY_SECONDS) as limit:
            with told(bound.name, "ready()"):
                await bound.ready(params, ctx)
    except TimeoutError as error:
        if not limit.expired():
            raise
        slow = f"ready() has not ended within {READY_SECONDS:g} s."
        raise NotReady(f"{bound.name} is not ready: {slow}", error) from error
    except StatementRefused as error:
        raise NotReady(f"{bound.name} is not ready: {error.detail}", error) from error
    except SluiceError as error:
        raised = error.raised if isinstance(error, FamilyFailed) else error
        raise NotReady(f"{bound.name} is not ready: {_sentence(raised)}", raised) from raised


async def require_ready_to_start(
    database: AsyncEngine,
    context: Callable[..., Context],
    bound: BoundFamily,
    request: StartRequest,
    once: IdempotentCall | None,
) -> None:
    """For a caller who waits for the answer. One that repeats a call is not refused what has been
    started.

    Raises:
        NotReady: see ``require_ready``.
    """
    if not overridden(bound.family, ("ready",)):
        return  # and nobody looks a key up for nothing
    if once is not None:
        async with reading(database) as connection:
            if await idempotency.is_known(connection, once):
                return
    await require_ready(bound, request.params, context(bound))


def _sentence(raised: BaseException) -> str:
    """The author's own, where it was raised to be told; else behind the error's class."""
    found = disposition(raised)
    sentence = sentence_of_all(found)
    if sentence and is_of_the_contract(found.error):
        return sentence
    return f"{class_of(found.error)}: {sentence}" if sentence else f"{class_of(found.error)}."
