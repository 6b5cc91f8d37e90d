"""Welcome placeholders: the short openings that an empty chat box suggests to one person.

For example "Plan a weekend in Lisbon with vegetarian food".
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from app.services.errors import LlmReplyInvalid
from app.services.llm.chat import ChatClient
from app.services.llm.prompt import ask, usable
from app.services.llm.texts import Spent

DEFAULT_COUNT = 4
MAX_COUNT = 8
MAX_CHARS = 80

# Asked for on top, so that one line that is too long does not cost another call.
SPARE_LINES = 2
ASKED_CHARS = 70

INSTRUCTIONS = """\
You write the suggestions that an empty chat box shows to one person: short requests that they \
might type to an assistant, such as "Plan a weekend in Lisbon with vegetarian food".
Write exactly {count} different ones, in the language of the locale, each at most {chars} \
characters, on one line, without quotation marks, numbering or a full stop at the end.
Draw on the interests, if there are any, and do not use the same one twice before all were used.\
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the lines are for. ``locale`` is a tag such as ``pt-BR``; interests are as typed."""

    name: str
    locale: str
    interests: tuple[str, ...] = ()


class Placeholders(BaseModel):
    """The shape of the model's answer."""

    model_config = ConfigDict(extra="forbid")

    lines: list[str]


def check_count(count: int) -> None:
    """Raises ValueError unless ``count`` is one that every writer can keep."""
    if not 1 <= count <= MAX_COUNT:
        raise ValueError(f"Ask for 1 to {MAX_COUNT} placeholders, not {count}.")


async def ask_for_placeholders(
    chat: ChatClient, person: Person, count: int, *, spent: Spent
) -> list[str]:
    check_count(count)
    reply = await ask(
        chat,
        INSTRUCTIONS.format(count=count + SPARE_LINES, chars=ASKED_CHARS),
        "person",
        {"name": person.name, "locale": person.locale, "interests": person.interests},
        Placeholders,
        spent=spent,
    )
    lines = usable(reply.lines, MAX_CHARS)[:count]
    if len(lines) < count:
        raise LlmReplyInvalid(
            f"Only {len(lines)} of {count} placeholders are of 1 to {MAX_CHARS} characters"
            " and different.",
            text=reply.model_dump_json(),
        )
    return lines
