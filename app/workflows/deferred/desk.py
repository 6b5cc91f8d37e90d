"""Everything about providers' batches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from app.errors import ConfigurationError
from app.services.batches.endpoint import BatchEndpoint
from app.workflows.deferred.calls import DeferredCalls
from app.workflows.deferred.collector import BatchCollector
from app.workflows.deferred.reply_writer import ReplyWriter


@dataclass(frozen=True, slots=True)
class BatchDesk:
    """
    Args:
        calls: for items.
        collector: for the one process that looks after all runs.
    """

    calls: DeferredCalls
    collector: BatchCollector

    @classmethod
    def of(
        cls,
        writer: ReplyWriter,
        provided: Iterable[object],
        largest: int,
    ) -> Self:
        """
        Args:
            provided: services, among which are the providers.
            largest: bytes of an answer that are kept.

        Raises:
            ConfigurationError: two providers have one name.
        """
        providers: dict[str, BatchEndpoint] = {}
        for one in provided:
            if isinstance(one, BatchEndpoint) and providers.setdefault(one.name, one) is not one:
                raise ConfigurationError(
                    f"app/services/providers.py provides two BatchEndpoints named {one.name!r}."
                )
        collector = BatchCollector(writer.database, providers, writer, largest)
        return cls(DeferredCalls(writer.database, providers), collector)
