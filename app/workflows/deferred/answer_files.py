"""Reading what a provider has answered to a batch: two files, either of which may break off at any
line, and is gone on with behind the last that is written."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

import structlog

from app.services.batches.answer_line import AnswerLine
from app.services.batches.endpoint import BatchEndpoint
from app.services.errors import LlmError
from app.store.tables.steps import ProviderBatch
from app.workflows.deferred.reply_writer import AT_ONCE, ReplyWriter

HEAVIEST = 8_000_000
"""Bytes of answers that are written together, unless one alone is larger."""

log = structlog.get_logger("sluice.batches")


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """Columns of a batch: the file's id, lines of it that are written, and the offset behind."""

    id_column: str
    read_column: str
    offset_column: str

    def of(self, batch: ProviderBatch) -> str | None:
        """Its id, if there is one."""
        found: str | None = getattr(batch, self.id_column)
        return found


OUTPUT = AnswerFile("output_file", "output_read", "output_offset")
ERRORS = AnswerFile("error_file", "error_read", "error_offset")


@dataclass(slots=True)
class _Page:
    """Lines that are written together."""

    lines: list[AnswerLine | None] = field(default_factory=list)
    weight: int = 0
    end: int = 0

    def add(self, line: AnswerLine | None, end: int) -> None:
        self.lines.append(line)
        self.weight += len(line.body or "") if line is not None else 0
        self.end = end

    @property
    def is_full(self) -> bool:
        return len(self.lines) == AT_ONCE or self.weight >= HEAVIEST


@dataclass(frozen=True, slots=True)
class AnswerReader:
    """
    Args:
        largest: bytes of an answer that are kept.
    """

    writer: ReplyWriter
    largest: int

    async def read(
        self, api: BatchEndpoint, batch: ProviderBatch, file: AnswerFile
    ) -> ProviderBatch:
        """Write what stands in it behind what is written.

        Raises:
            LlmError: it does not come, or breaks off: what came before that is written.
            TakenOver
        """
        file_id, offset = file.of(batch) or "", getattr(batch, file.offset_column)
        page = _Page()
        odd = 0
        try:
            async with aclosing(api.answers(file_id, largest=self.largest, offset=offset)) as lines:
                async for line, end in lines:
                    odd += line is None
                    page.add(line, end)
                    if page.is_full:
                        # Not kept: one that is cut off while it is written may be written.
                        full, page = page, _Page()
                        batch = await self._write(api, batch, file, full)
        except LlmError:
            # Or a file that breaks off before each full page would never be read.
            await self._write(api, batch, file, page)
            raise
        except asyncio.CancelledError:
            # Likewise; and nothing that goes wrong here takes its place: the lines come once more.
            with suppress(Exception):
                await self._write(api, batch, file, page)
            raise
        else:
            return await self._write(api, batch, file, page)
        finally:
            if odd:
                told = {"batch": batch.id, "provider": api.name, "lines": odd}
                log.warning("provider_batch_odd_lines", **told)

    async def _write(
        self, api: BatchEndpoint, batch: ProviderBatch, file: AnswerFile, page: _Page
    ) -> ProviderBatch:
        if not page.lines:
            return batch
        # Lines alone were counted once, and of such a file each is read again.
        before = getattr(batch, file.read_column) if getattr(batch, file.offset_column) else 0
        read = {file.read_column: before + len(page.lines), file.offset_column: page.end}
        return await self.writer.write(batch, page.lines, read=read, delay=api.policy.poll)
