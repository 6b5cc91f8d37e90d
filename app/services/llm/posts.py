"""Posts: a short text on one topic for one audience, read by a person before it is published."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from app.services.errors import LlmReplyInvalid
from app.services.llm.chat import ChatClient
from app.services.llm.prompt import ask
from app.services.llm.texts import Spent, paragraphs

MAX_CHARS = 1_200
# A model counts badly: asked for less, so that what comes keeps the bound.
ASKED_CHARS = 900

INSTRUCTIONS = f"""\
You draft a short post for a company's blog. A person will read it before it is published.
Write at most {ASKED_CHARS} characters of plain text, in two to four paragraphs with an empty line \
between them, without a heading, Markdown, hashtags or links, in the language of the topic.
Say one useful thing to the audience. State no figure, name or quotation that you were not given.\
"""


@dataclass(frozen=True, slots=True)
class PostBrief:
    """What the post is about, and for whom it is."""

    topic: str
    audience: str


class Draft(BaseModel):
    """The shape of the model's answer."""

    model_config = ConfigDict(extra="forbid")

    text: str


async def ask_for_draft(chat: ChatClient, brief: PostBrief, *, spent: Spent) -> str:
    data = {"topic": brief.topic, "audience": brief.audience}
    reply = await ask(chat, INSTRUCTIONS, "post", data, Draft, spent=spent)
    draft = paragraphs(reply.text)
    if not 0 < len(draft) <= MAX_CHARS:
        raise LlmReplyInvalid(
            f"The draft has {len(draft)} characters, not 1 to {MAX_CHARS:,}.", text=draft
        )
    return draft
