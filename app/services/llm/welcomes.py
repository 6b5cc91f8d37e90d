"""Welcomes: what an agent says when somebody opens it, and the questions it begins with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.services.errors import LlmReplyInvalid
from app.services.llm.chat import ChatClient
from app.services.llm.prompt import ask, usable
from app.services.llm.texts import Spent, one_line

MESSAGE_CHARS = 300
QUESTION_CHARS = 120
MIN_QUESTIONS = 3
MAX_QUESTIONS = 5

# A model counts badly: asked for less, so that what comes keeps the bounds.
ASKED_MESSAGE_CHARS = 240
ASKED_QUESTION_CHARS = 100

INSTRUCTIONS = f"""\
You write how an AI agent welcomes the person who has just opened it.
Write one message, in the voice of the agent, that says who it is and what it can do: at most \
{ASKED_MESSAGE_CHARS} characters, on one line. Then write {MAX_QUESTIONS} different open questions \
by which the agent learns what the person wants from it, each at most {ASKED_QUESTION_CHARS} \
characters and on one line.
Write in the language of the agent's description. Promise nothing that the description does not.\
"""


@dataclass(frozen=True, slots=True)
class AgentCard:
    """The agent, as its owner has described it. ``role`` is such as "travel planner"."""

    name: str
    role: str
    description: str


class Welcome(BaseModel):
    """A message and three to five questions."""

    model_config = ConfigDict(frozen=True)

    message: Annotated[str, StringConstraints(min_length=1, max_length=MESSAGE_CHARS)]
    questions: Annotated[
        tuple[Annotated[str, StringConstraints(min_length=1, max_length=QUESTION_CHARS)], ...],
        Field(min_length=MIN_QUESTIONS, max_length=MAX_QUESTIONS),
    ]


class WrittenWelcome(BaseModel):
    """The shape of the model's answer."""

    model_config = ConfigDict(extra="forbid")

    message: str
    questions: list[str]


async def ask_for_welcome(chat: ChatClient, agent: AgentCard, *, spent: Spent) -> Welcome:
    data = {"name": agent.name, "role": agent.role, "description": agent.description}
    reply = await ask(chat, INSTRUCTIONS, "agent", data, WrittenWelcome, spent=spent)
    message = one_line(reply.message)
    if not 0 < len(message) <= MESSAGE_CHARS:
        raise LlmReplyInvalid(
            f"The message has {len(message)} characters, not 1 to {MESSAGE_CHARS}.",
            text=reply.model_dump_json(),
        )
    questions = usable(reply.questions, QUESTION_CHARS)[:MAX_QUESTIONS]
    if len(questions) < MIN_QUESTIONS:
        raise LlmReplyInvalid(
            f"Only {len(questions)} questions are of 1 to {QUESTION_CHARS} characters and"
            f" different; {MIN_QUESTIONS} are needed.",
            text=reply.model_dump_json(),
        )
    return Welcome(message=message, questions=tuple(questions))
