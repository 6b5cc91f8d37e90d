"""A file as ``multipart/form-data`` (RFC 7578) that is read while it is sent."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, AsyncIterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """
    Args:
        name: ASCII, without quotation marks.
        size: bytes of ``content``.
    """

    name: str
    size: int
    content: AsyncIterable[bytes]
    _boundary: str = field(default_factory=lambda: f"sluice-{secrets.token_hex(16)}")

    @property
    def headers(self) -> dict[str, str]:
        length = len(self._head) + self.size + len(self._tail)
        return {
            "Content-Type": f"multipart/form-data; boundary={self._boundary}",
            "Content-Length": str(length),
        }

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The body."""
        yield self._head
        async for part in self.content:
            yield part
        yield self._tail

    @property
    def _head(self) -> bytes:
        parts = (
            f"--{self._boundary}",
            'Content-Disposition: form-data; name="purpose"',
            "",
            "batch",
            f"--{self._boundary}",
            f'Content-Disposition: form-data; name="file"; filename="{self.name}"',
            "Content-Type: application/jsonl",
            "",
            "",
        )
        return "\r\n".join(parts).encode()

    @property
    def _tail(self) -> bytes:
        return f"\r\n--{self._boundary}--\r\n".encode()
