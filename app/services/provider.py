"""How a service of the service's own is declared, so that families find it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from app.errors import ConfigurationError
from app.services.file_store import FileStore
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


@asynccontextmanager
async def open_provided(
    settings: ServiceSettings, providers: Sequence[Provider[Any]]
) -> AsyncIterator[Mapping[type, object]]:
    """What the service provides, by what it is asked for; closed in the reverse order.

    Raises:
        ConfigurationError: one of them cannot be made, or something is provided twice.
    """
    provided: dict[type, object] = {}
    async with AsyncExitStack() as stack:
        for provider in providers:
            if provider.kind is FileStore or provider.kind in provided:
                raise ConfigurationError(
                    f"app/services/providers.py provides {provider.kind.__name__}, which is"
                    " provided already."
                )
            provided[provider.kind] = await stack.enter_async_context(provider.opened(settings))
        yield provided
