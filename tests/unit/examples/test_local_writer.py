"""The writer that needs no language model."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.llm.placeholders import MAX_CHARS, MAX_COUNT, Person
from app.services.model_choice import text_writer
from app.services.offline.placeholders import INTEREST_CHARS, NAME_CHARS, Language, read_languages
from app.services.offline.writer import LocalWriter

LANGUAGES = read_languages()
WRITER = LocalWriter(LANGUAGES)
ANY_TEXT = st.text(st.characters(), max_size=120)  # surrogates and controls included
PEOPLE = st.builds(
    Person,
    name=ANY_TEXT,
    locale=st.sampled_from(["de-DE", "ja-JP", "pt_BR", "ko-KR", "en", ""]) | ANY_TEXT,
    interests=st.lists(ANY_TEXT | st.sampled_from(["tea", "{name}", "{}"]), max_size=9).map(tuple),
)


@given(person=PEOPLE, count=st.integers(1, MAX_COUNT))
async def test_lines_are_the_same_every_time_different_and_short_enough(
    person: Person, count: int
) -> None:
    lines = await WRITER.placeholders(person, count)

    assert lines == await LocalWriter(LANGUAGES).placeholders(person, count)
    assert len(set(lines)) == len(lines) == count
    assert all(0 < len(line) <= MAX_CHARS for line in lines)
    assert all(line == " ".join(line.split()) for line in lines)


async def test_these_lines_are_the_ones_that_every_machine_composes() -> None:
    ada = Person("Ada Lovelace", "en-GB", ("mathematics", "tea"))

    assert await WRITER.placeholders(ada) == [
        "Explain mathematics to a curious ten-year-old",
        "A birthday toast that Ada could give",
        "Quiz me on tea: five questions",
        "A weekend trip with time for mathematics",
    ]


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("de-DE", "Wandern"),
        ("fr-FR", "la randonnée"),
        ("es-MX", "el senderismo"),
        ("pt-BR", "trilhas"),
        ("it-IT", "il trekking"),
        ("ja-JP", "ハイキング"),
        ("nl-NL", "wandelen"),
        ("en-US", "hiking"),
        ("ko-KR", "hiking"),
    ],
)
async def test_an_interest_is_named_in_the_language_of_the_locale_or_else_in_english(
    locale: str, expected: str
) -> None:
    lines = await WRITER.placeholders(Person("Kim", locale, ("hiking",)))

    assert sum(expected in line for line in lines) == 3


async def test_people_with_the_same_interests_get_different_lines() -> None:
    people = [Person(f"User {number}", "en-GB", ("tea", "jazz")) for number in range(50)]

    written = {tuple(await WRITER.placeholders(person)) for person in people}

    assert len(written) >= 45


async def test_without_an_endpoint_the_writer_is_the_local_one_and_says_so() -> None:
    writer = text_writer(None, None, "unused", 2.0)

    assert writer.name == "local-writer"
    assert len(await writer.placeholders(Person("Ada", "en"))) == 4
    await writer.aclose()


@pytest.mark.parametrize("count", [-1, 0, 9])
async def test_a_count_out_of_bounds_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 8"):
        await WRITER.placeholders(Person("Ada", "en"), count)


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_every_language_has_enough_templates_with_room_for_what_goes_in(language: Language) -> None:
    templates = [*language.plain, *language.named, *language.about]

    assert len(set(language.plain)) > MAX_COUNT
    assert len(set(language.about)) >= MAX_COUNT
    assert len(set(templates)) == len(templates)
    assert {slots(template) for template in language.plain} == {()}
    assert {slots(template) for template in language.named} == {("name",)}
    assert {slots(template) for template in language.about} == {("interest",)}
    widest = {"interest": "x" * INTEREST_CHARS, "name": "x" * NAME_CHARS}
    assert max(len(template.format(**widest)) for template in templates) <= MAX_CHARS


def test_every_language_translates_the_same_interests() -> None:
    translated = {code: set(language.interests) for code, language in LANGUAGES.items()}

    assert translated.pop("en") == set()
    assert all(words == translated["de"] for words in translated.values())
    assert len(translated["de"]) == 80


def slots(template: str) -> tuple[str, ...]:
    return tuple(name for _, name, _, _ in string.Formatter().parse(template) if name)
