"""Reads a chat completion: what the model wrote, or that it wrote nothing."""

from __future__ import annotations

from pydantic import BaseModel, Field

from app.services.errors import LlmReplyInvalid
from app.services.http.responses import read_shape

MAX_BODY_BYTES = 1_000_000


class ReplyMessage(BaseModel):
    content: str | None = None
    refusal: str | None = None


class CompletionChoice(BaseModel):
    message: ReplyMessage
    finish_reason: str | None = None


class Completion(BaseModel):
    """The part that we read of the reply to ``POST /chat/completions``."""

    choices: list[CompletionChoice] = Field(min_length=1)


def read_content(body: str) -> str:
    """What the model wrote; raises LlmReplyInvalid where it wrote nothing or was cut off."""
    choice = read_shape(body, Completion).choices[0]
    message = choice.message
    if message.refusal or choice.finish_reason == "content_filter":
        raise LlmReplyInvalid("The model declined.", text=message.refusal or message.content or "")
    if not message.content:
        raise LlmReplyInvalid("The reply has no content.", text=body)
    if choice.finish_reason == "length":
        raise LlmReplyInvalid("The reply stops at the token limit.", text=message.content)
    return message.content
