"""An exception in words: its class, its sentence and its traceback, fit to be kept and shown:
storable, bounded, and without secrets.

Nothing here raises, whatever somebody else's exception does when it is looked at.
"""

from __future__ import annotations

import traceback
from asyncio import CancelledError

from app.redaction.redactor import redacted
from app.store.storable import cut, storable
from app.workflows.contract.exceptions import Disposition, marked

LONGEST_CLASS = 200
LONGEST_MESSAGE = 2_000
LONGEST_TRACEBACK = 8_000
MARGIN = 10
"""So many times as much as is kept is looked through for secrets, which a cut would hide."""


def class_of(error: BaseException) -> str:
    """A step's failure is named for what the step raised."""
    named = marked(error, "error_class")
    name = named if isinstance(named, str) and named else type(error).__qualname__
    return _kept(name, LONGEST_CLASS)


def sentence_of(error: BaseException) -> str:
    """What it says; of those that say nothing of themselves, what they mean."""
    try:
        sentence = _sentence(error)
    except BaseException as failed:  # noqa: BLE001 - an author's __str__ may raise anything
        sentence = (
            f"What {class_of(error)} says cannot be told: its text raised {type(failed).__name__}."
        )
    return _kept(sentence, LONGEST_MESSAGE)


def _sentence(error: BaseException) -> str:
    match error:
        case SystemExit():
            return f"The code asked the process to exit: sys.exit({error.code!r})."
        case CancelledError() if not str(error):
            return "Something that the code awaited was cancelled elsewhere."
        case KeyboardInterrupt() | GeneratorExit() if not str(error):
            return f"The code raised {type(error).__name__}."
        case _:
            return str(error)


def sentence_of_all(found: Disposition) -> str:
    """The sentence that decided, and how many more there were."""
    sentence = sentence_of(found.error)
    if not found.others:
        return sentence
    more = f"{found.others} more {'error' if found.others == 1 else 'errors'}"
    return cut(f"{sentence} (and {more}, in the traceback)", LONGEST_MESSAGE)


def traceback_of(error: BaseException) -> str:
    try:
        text = "".join(traceback.format_exception(error))
    except BaseException as failed:  # noqa: BLE001 - it reads attributes that may raise anything
        where = "".join(traceback.format_tb(error.__traceback__))
        text = f"{where}{class_of(error)} (its own traceback raised {type(failed).__name__})\n"
    return _kept(text, LONGEST_TRACEBACK, keep_end=True)


def _kept(text: str, longest: int, *, keep_end: bool = False) -> str:
    looked_at = cut(storable(text), longest * MARGIN, keep_end=keep_end)
    return cut(redacted(looked_at), longest, keep_end=keep_end)
