"""Asks an OpenAI-compatible chat completions endpoint for an answer of a given shape.

The request and the reply are those of platform.openai.com/docs/api-reference/chat; OpenAI, vLLM,
Ollama, LiteLLM and most gateways speak it. Errors are drawn in ``app.services.errors``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, TypeVar

import httpx2
from pydantic import BaseModel

from app.services.http.endpoint import Endpoint
from app.services.http.json_client import JsonPost
from app.services.http.responses import read_shape, read_tokens
from app.services.llm.chat_reply import MAX_BODY_BYTES, read_content
from app.services.llm.strict_schema import response_format

Shape = TypeVar("Shape", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One turn of the conversation that is sent."""

    role: Literal["system", "user", "assistant"]
    content: str


class ChatClient:
    """One model behind one endpoint; one client serves any number of concurrent calls.

    ``app.services.http.json_client`` says what ``timeout``, ``tries``, ``wait`` and ``http`` are.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None,
        model: str,
        *,
        timeout: float = 30.0,
        tries: int = 3,
        wait: float = 0.25,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        self.model = model
        self._post = JsonPost(
            Endpoint(base_url, "/chat/completions", api_key, settings="LLM"),
            max_bytes=MAX_BODY_BYTES,
            timeout=timeout,
            tries=tries,
            wait=wait,
            http=http,
        )

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        schema: type[Shape],
        *,
        spent: Callable[[int], None] = lambda _: None,
    ) -> Shape:
        """The model's answer as one ``schema``; raises an ``LlmError``.

        Args:
            spent: told of the tokens that were used, also where the answer cannot be.
        """
        text = await self._post.send(chat_request(self.model, messages, schema))
        spent(read_tokens(text))
        return read_answer(text, schema)

    async def aclose(self) -> None:
        """Closes the connections, unless they are the caller's."""
        await self._post.aclose()


def chat_request(
    model: str, messages: Sequence[ChatMessage], schema: type[BaseModel]
) -> dict[str, object]:
    """The body of a request for one ``schema``, also of one that ``ctx.deferred`` makes."""
    return {
        "model": model,
        "messages": [asdict(message) for message in messages],
        "response_format": response_format(schema),
    }


def read_answer(text: str, schema: type[Shape]) -> Shape:
    """The answer to such a request, which is JSON; raises LlmReplyInvalid where it is none."""
    return read_shape(read_content(text), schema)
