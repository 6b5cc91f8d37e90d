"""Tasks that are for all, whoever has them begun."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import Context
from typing import Any, TypeVar

from app.redaction.redactor import IN_USE

T = TypeVar("T")


def shared_task(work: Coroutine[Any, Any, T], *, name: str | None = None) -> asyncio.Task[T]:
    """Begin ``work`` in the context of nobody: not guarded as the code of the item that has it
    begun, nor on that one's clock, nor in its trace. Only the service's redactor comes along."""
    context = Context()
    context.run(IN_USE.set, IN_USE.get())
    return asyncio.create_task(work, name=name, context=context)
