"""Families, made ready to be called as the settings say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from app.config.engine_settings import EngineName
from app.redaction.redactor import Redactor
from app.settings import Settings
from app.store.items.result_memory import ResultMemory
from app.workflows.registry.bound_family import BoundFamily, bind
from app.workflows.serialization.secret_box import SecretBox

if TYPE_CHECKING:  # it loads OpenTelemetry
    from app.tracing.service_tracing import Tracing


def binder_of(
    settings: Settings,
    box: SecretBox,
    redactor: Redactor,
    memories: Mapping[str, ResultMemory],
    tracing: Tracing | None,
) -> Callable[..., BoundFamily]:
    """What is given a family, and the threads for what of it is plain ``def``."""
    return partial(
        bind,
        box=box,
        largest=settings.max_result_bytes,
        largest_params=settings.max_params_bytes,
        redactor=redactor,
        one_by_one=settings.engine is EngineName.QSTASH,
        memories=memories,
        tracing=tracing,
    )
