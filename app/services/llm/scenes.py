"""Image prompts: what a painter is told, so that it paints one scene in several ways."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from app.services.errors import LlmReplyInvalid
from app.services.llm.chat import ChatClient
from app.services.llm.prompt import ask, usable
from app.services.llm.texts import Spent

MAX_COUNT = 10
MAX_CHARS = 500

# Asked for on top, so that one prompt that is too long does not cost another call.
SPARE_PROMPTS = 1
ASKED_CHARS = 400

INSTRUCTIONS = """\
You write prompts for a model that paints. All of them show the same scene.
Write exactly {count} different ones, each at most {chars} characters and on one line. Let each \
choose another viewpoint, light and technique, and say everything that is to be seen: the painter \
knows neither the scene nor the other prompts. Ask for no text, logo or real person in the picture.\
"""


@dataclass(frozen=True, slots=True)
class SceneCard:
    """The scene, as somebody has described it."""

    title: str
    description: str


class Prompts(BaseModel):
    """The shape of the model's answer."""

    model_config = ConfigDict(extra="forbid")

    prompts: list[str]


def check_prompt_count(count: int) -> None:
    """Raises ValueError unless ``count`` is one that every writer can keep."""
    if not 1 <= count <= MAX_COUNT:
        raise ValueError(f"Ask for 1 to {MAX_COUNT} image prompts, not {count}.")


async def ask_for_prompts(
    chat: ChatClient, scene: SceneCard, count: int, *, spent: Spent
) -> list[str]:
    check_prompt_count(count)
    reply = await ask(
        chat,
        INSTRUCTIONS.format(count=count + SPARE_PROMPTS, chars=ASKED_CHARS),
        "scene",
        {"title": scene.title, "description": scene.description},
        Prompts,
        spent=spent,
    )
    prompts = usable(reply.prompts, MAX_CHARS)[:count]
    if len(prompts) < count:
        raise LlmReplyInvalid(
            f"Only {len(prompts)} of {count} image prompts are of 1 to {MAX_CHARS} characters"
            " and different.",
            text=reply.model_dump_json(),
        )
    return prompts
