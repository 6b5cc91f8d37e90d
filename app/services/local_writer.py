"""The writer for when no language model is configured: it composes lines from templates.

The same person gets the same lines, on every machine and in every version of Python, because
templates and interests are put in order by a SHA-256 of who the person is and not by a random
generator. The templates, and the interests in eight languages, are in ``local_lines.toml``.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from hashlib import sha256
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, TypeAdapter

from app.services.errors import cut
from app.services.placeholders import (
    DEFAULT_COUNT,
    MAX_COUNT,
    Person,
    Spent,
    check_count,
    nobody_asks,
    one_line,
)

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


def read_languages() -> dict[str, Language]:
    """The templates by language code, as they are in ``local_lines.toml``."""
    text = files("app.services").joinpath("local_lines.toml").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, Language]).validate_python(tomllib.loads(text))


class LocalWriter:
    """A ``TextWriter`` that needs no network and never fails; it says so in its ``name``."""

    name = "local-writer"

    def __init__(self, languages: Mapping[str, Language] | None = None) -> None:
        self._languages = read_languages() if languages is None else languages

    async def placeholders(
        self, person: Person, count: int = DEFAULT_COUNT, *, spent: Spent = nobody_asks
    ) -> list[str]:
        check_count(count)
        language = self._language(person.locale)
        seed = json.dumps([person.name, person.locale, person.interests])
        about = about_interests(language, person.interests, seed)
        other = about_nothing(language, person.name, seed)
        # Of four lines, three are about what the person likes and one is not.
        mixed = [*about[: count - count // 4], *other]
        lines = list(dict.fromkeys(mixed))[:count]
        return shuffled(lines, seed)

    async def aclose(self) -> None:
        """Nothing to close."""

    def _language(self, locale: str) -> Language:
        code = locale.replace("_", "-").partition("-")[0].lower()
        return self._languages.get(code, self._languages[FALLBACK])


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


def shuffled(texts: Iterable[str], seed: str) -> list[str]:
    """``texts`` in an order that only they and ``seed`` decide."""
    return sorted(
        texts, key=lambda text: sha256(f"{seed}\n{text}".encode(errors="replace")).digest()
    )
