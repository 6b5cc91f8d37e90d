"""Welcome placeholders from templates, for when no language model is configured.

The templates, and the interests in eight languages, are in ``local_placeholders.toml``.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, TypeAdapter

from app.services.errors import cut
from app.services.llm.placeholders import MAX_COUNT, Person
from app.services.llm.texts import one_line
from app.services.offline.choice import shuffled

FALLBACK = "en"
INTEREST_CHARS = 30
NAME_CHARS = 20


class Language(BaseModel):
    """The templates of one language. ``interests`` translates the ones that people often have."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plain: tuple[str, ...]
    named: tuple[str, ...]
    about: tuple[str, ...]
    interests: dict[str, str] = {}


@cache
def read_languages() -> Mapping[str, Language]:
    """The templates by language code, as they are in ``local_placeholders.toml``."""
    text = (
        files("app.services.offline")
        .joinpath("local_placeholders.toml")
        .read_text(encoding="utf-8")
    )
    return TypeAdapter(dict[str, Language]).validate_python(tomllib.loads(text))


def compose_placeholders(
    languages: Mapping[str, Language], person: Person, count: int
) -> list[str]:
    code = person.locale.replace("_", "-").partition("-")[0].lower()
    language = languages.get(code, languages[FALLBACK])
    seed = json.dumps([person.name, person.locale, person.interests])
    about = about_interests(language, person.interests, seed)
    other = about_nothing(language, person.name, seed)
    # Of four lines, three are about what the person likes and one is not.
    mixed = [*about[: count - count // 4], *other]
    lines = list(dict.fromkeys(mixed))[:count]
    return shuffled(lines, seed)


def about_interests(language: Language, interests: Iterable[str], seed: str) -> list[str]:
    """A line per template, going round the interests; none when there are none."""
    known = (one_line(interest) for interest in interests)
    words = [language.interests.get(word.lower(), word) for word in known if word]
    if not words:
        return []
    words = shuffled(dict.fromkeys(words), seed)
    return [
        template.format(interest=cut(words[turn % len(words)], INTEREST_CHARS))
        for turn, template in enumerate(shuffled(language.about, seed)[:MAX_COUNT])
    ]


def about_nothing(language: Language, name: str, seed: str) -> list[str]:
    """The lines that need no interest; the ones with a name only if there is one."""
    words = one_line(name).split()
    # "Dr." is no way to address anyone.
    first = next((word for word in words if not word.endswith(".")), None)
    named = [] if first is None else language.named
    return shuffled(
        [*language.plain, *(line.format(name=cut(first or "", NAME_CHARS)) for line in named)], seed
    )
