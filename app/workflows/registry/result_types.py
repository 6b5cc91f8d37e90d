"""Result types of which it can be told, before anything runs, that a result could not be kept."""

from __future__ import annotations

import inspect
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterator,
)
from typing import Any, get_origin

from pydantic import PydanticUserError, TypeAdapter
from pydantic_core import PydanticOmit, SchemaError

from app.errors import ConfigurationError, full_stop
from app.workflows.serialization.annotations import all_in, is_secret

_USED_UP = {
    AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Coroutine, Generator,
    Iterator,
}  # fmt: skip


def check_result_type(annotation: Any) -> None:  # annotations are of no one type
    """
    Raises:
        ConfigurationError: no result of this type could be given a second time.
    """
    for one in all_in(annotation, set()):
        named = inspect.formatannotation(one)
        if is_secret(one):
            raise ConfigurationError(
                f"what execute returns, {inspect.formatannotation(annotation)}, holds a {named}."
                " Results are stored and shown: return where the secret is kept."
            )
        if (get_origin(one) or one) in _USED_UP:
            raise ConfigurationError(
                f"what execute returns holds a {named}, which is used up by the first who reads"
                " it. Return a list, or another value."
            )
    try:
        TypeAdapter(annotation)
    except (PydanticUserError, PydanticOmit, SchemaError, NameError, TypeError) as error:
        [first, *_] = str(error).splitlines() or [""]
        raise ConfigurationError(
            f"what execute returns, {inspect.formatannotation(annotation)}, cannot be kept:"
            f" {full_stop(first)} Return a dataclass or a pydantic model."
        ) from error
