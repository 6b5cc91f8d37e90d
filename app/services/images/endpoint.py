"""Makes the painter that the settings ask for: a model's, or the local one.

The request and the reply are those of platform.openai.com/docs/api-reference/images; OpenAI,
LocalAI, LiteLLM and most gateways speak it. Errors are drawn in ``app.services.errors``.
"""

from __future__ import annotations

import asyncio

import httpx2

from app.services.http.endpoint import Endpoint
from app.services.http.json_client import JsonPost
from app.services.http.responses import read_tokens
from app.services.images.painter import DEFAULT_SIDE, Painted, check_size
from app.services.images.response import MAX_BODY_BYTES, read_image
from app.services.llm.texts import Spent, nobody_asks


class EndpointPainter:
    """A ``Painter`` that asks a model; its ``name`` is the model's.

    ``app.services.http.json_client`` says what ``timeout``, ``tries``, ``wait`` and ``http`` are.
    Two tries and not three: an image that was lost on its way is paid for again.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None,
        model: str,
        *,
        timeout: float = 120.0,
        tries: int = 2,
        wait: float = 0.5,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        self.name = model
        self._post = JsonPost(
            Endpoint(base_url, "/images/generations", api_key, settings="IMAGE"),
            max_bytes=MAX_BODY_BYTES,
            timeout=timeout,
            tries=tries,
            wait=wait,
            http=http,
        )

    async def paint(
        self,
        prompt: str,
        *,
        width: int = DEFAULT_SIDE,
        height: int = DEFAULT_SIDE,
        spent: Spent = nobody_asks,
    ) -> Painted:
        check_size(width, height)
        text = await self._post.send(self._request(prompt, width, height))
        # In threads, because a reply has megabytes and nothing else would go on meanwhile.
        spent(await asyncio.to_thread(read_tokens, text))
        return await asyncio.to_thread(read_image, text)

    async def aclose(self) -> None:
        """Closes the connections, unless they are the caller's."""
        await self._post.aclose()

    def _request(self, prompt: str, width: int, height: int) -> dict[str, object]:
        request: dict[str, object] = {"model": self.name, "prompt": prompt, "n": 1}
        if "gpt-image" in self.name:
            # These paint in three sizes, always answer base64, and refuse to be told so.
            return request | {"size": _nearest_size(width, height)}
        return request | {"size": f"{width}x{height}", "response_format": "b64_json"}


def _nearest_size(width: int, height: int) -> str:
    """Of the sizes of ``gpt-image``, the one whose shape is nearest."""
    ratio = width / height
    if ratio > 1.25:
        return "1536x1024"
    return "1024x1536" if ratio < 0.8 else "1024x1024"
