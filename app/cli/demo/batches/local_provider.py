"""A provider with a Batch API, as demonstrations and tests ask it: it keeps everything in memory.

Its shapes are those of platform.openai.com/docs/api-reference/batch and …/files.
"""

from __future__ import annotations

import itertools
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.services.batches.remote_batch import ENDED

DAY = 86_400
Answer = tuple[int, dict[str, Any]]
"""The status and the body of the answer to one request."""
_NAME = re.compile(rb'filename="([^"]*)"')


class ProviderRefusal(Exception):
    """Answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True)
class StoredFile:
    id: str
    name: str
    content: bytes
    made: float
    purpose: str = "batch"

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.content.splitlines()]

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.content),
            "created_at": int(self.made),
            "filename": self.name,
            "purpose": self.purpose,
        }


@dataclass(slots=True)
class StoredBatch:
    id: str
    asked: Mapping[str, Any]
    made: float
    status: str = "validating"
    output: str | None = None
    errors_in: str | None = None
    faults: list[dict[str, Any]] = field(default_factory=list)
    done: int = 0
    failed: int = 0
    total: int = 0

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": self.asked["endpoint"],
            "errors": {"object": "list", "data": self.faults} if self.faults else None,
            "input_file_id": self.asked["input_file_id"],
            "completion_window": self.asked["completion_window"],
            "status": self.status,
            "output_file_id": self.output,
            "error_file_id": self.errors_in,
            "created_at": int(self.made),
            "expires_at": int(self.made) + DAY,
            "request_counts": {"total": self.total, "completed": self.done, "failed": self.failed},
            "metadata": self.asked.get("metadata"),
        }


def completed(body: Mapping[str, Any]) -> Answer:
    """As a chat model would answer, which says again what it was told."""
    said = body["messages"][-1]["content"]
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": said},
        "finish_reason": "stop",
    }
    return 200, {"choices": [choice], "usage": {"total_tokens": len(said)}}


@dataclass(slots=True)
class LocalProvider:
    """
    Args:
        answer: to one request, which is paid for.
        pace: seconds from one status to the next.
        end: how a batch ends that nobody cancels: ``completed``, or ``expired`` or ``failed``.
        most: requests that a batch answers before it ends otherwise than ``completed``.
        hidden: seconds for which a list does not show what was made.
    """

    answer: Callable[[Mapping[str, Any]], Answer] = completed
    pace: float = 0.05
    end: Callable[[StoredBatch], str] = lambda _batch: "completed"
    most: int = 1_000_000
    hidden: float = 0.0
    files: dict[str, StoredFile] = field(default_factory=dict)
    batches: dict[str, StoredBatch] = field(default_factory=dict)
    paid: Counter[str] = field(default_factory=Counter)
    """How often each request was answered, by its body as JSON."""
    cancels: int = 0
    """That were heard."""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def upload(self, content_type: str, body: bytes) -> StoredFile:
        """
        Args:
            body: multipart/form-data.
        """
        boundary = b"--" + content_type.partition("boundary=")[2].encode()
        parts = [part for part in body.split(boundary) if _NAME.search(part)]
        if len(parts) != 1 or b"\r\n\r\nbatch\r\n" not in body:
            raise ProviderRefusal(400, "A file and its purpose are wanted.")
        head, _, content = parts[0].partition(b"\r\n\r\n")
        found = _NAME.search(head)
        return self.keep(found[1].decode() if found else "", content.removesuffix(b"\r\n"))

    def keep(self, name: str, content: bytes, purpose: str = "batch") -> StoredFile:
        file = StoredFile(f"file-{next(self._numbers)}", name, content, time.time(), purpose)
        self.files[file.id] = file
        return file

    def file(self, file_id: str) -> StoredFile:
        if file_id not in self.files:
            raise ProviderRefusal(404, f"No such File object: {file_id}")
        return self.files[file_id]

    def create(self, asked: Mapping[str, Any]) -> StoredBatch:
        file = self.file(asked["input_file_id"])
        batch = StoredBatch(f"batch_{next(self._numbers)}", asked, time.time())
        batch.total = len(file.lines)
        self.batches[batch.id] = batch
        return batch

    def batch(self, batch_id: str) -> StoredBatch:
        """As it stands now."""
        if batch_id not in self.batches:
            raise ProviderRefusal(404, f"No batch found with id '{batch_id}'.")
        batch = self.batches[batch_id]
        self._move(batch)
        return batch

    def cancel(self, batch_id: str) -> StoredBatch:
        batch = self.batch(batch_id)
        if batch.status in ENDED:
            raise ProviderRefusal(409, f"Cannot cancel a batch with status '{batch.status}'.")
        self.cancels += 1
        batch.status, batch.made = "cancelling", time.time()
        return batch

    def listed(
        self, kind: str, after: str | None, limit: int, purpose: str | None = None
    ) -> dict[str, Any]:
        """A page of ``files`` or ``batches``, the newest first. ``purpose``: of the files."""
        kept: dict[str, Any] = self.files if kind == "files" else self.batches
        old = time.time() - self.hidden
        rows = [one for one in reversed(kept.values()) if one.made <= old]
        if purpose is not None:
            rows = [one for one in rows if one.purpose == purpose]
        ids = [one.id for one in rows]
        begin = ids.index(after) + 1 if after in ids else 0
        page = rows[begin : begin + limit]
        more = begin + limit < len(rows)
        return {"object": "list", "data": [one.shown() for one in page], "has_more": more}

    def _move(self, batch: StoredBatch) -> None:
        age = time.time() - batch.made
        if batch.status in ENDED:
            return
        if batch.status == "cancelling":
            if age >= self.pace:
                self._close(batch, "cancelled", 0)
        elif age >= 2 * self.pace:
            end = self.end(batch)
            self._close(batch, end, batch.total if end == "completed" else self.most)
        elif age >= self.pace:
            batch.status = "in_progress"

    def _close(self, batch: StoredBatch, status: str, most: int) -> None:
        batch.status = status
        if status == "failed":
            return
        output: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for number, line in enumerate(self.file(batch.asked["input_file_id"]).lines):
            shown: dict[str, Any] = {"id": f"req_{number}", "custom_id": line["custom_id"]}
            if number >= most:
                code = f"batch_{status}"
                errors.append(shown | {"response": None, "error": {"code": code, "message": code}})
                continue
            answered, body = self.answer(line["body"])
            response = {"status_code": answered, "request_id": "", "body": body}
            (output if answered == 200 else errors).append(
                shown | {"response": response, "error": None}
            )
            if answered == 200:
                self.paid[json.dumps(line["body"], sort_keys=True)] += 1
        batch.done, batch.failed = len(output), len(errors)
        batch.output, batch.errors_in = self._written(output), self._written(errors)

    def _written(self, lines: list[dict[str, Any]]) -> str | None:
        if not lines:
            return None
        content = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
        return self.keep("answers", content, "batch_output").id
