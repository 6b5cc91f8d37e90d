"""How a service of the service's own is declared, so that families find it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Generic, TypeVar

from app.services.settings import ServiceSettings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Provider(Generic[T]):
    """One object for each process, made when it starts and closed when it ends."""

    kind: type[T]
    """By which families ask for it: ``ctx.service(kind)``. May be a Protocol."""
    opened: Callable[[ServiceSettings], AbstractAsyncContextManager[T]]
    """Mostly an async generator under ``contextlib.asynccontextmanager``, which yields it once. It
    may raise ConfigurationError, and then the process does not start."""
