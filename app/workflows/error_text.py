"""An exception in words: its class, its sentence and its traceback, fit to be kept and shown."""

from __future__ import annotations

import traceback
from asyncio import CancelledError

from app.workflows.signals import Disposition

LONGEST_MESSAGE = 2_000
LONGEST_TRACEBACK = 8_000


def class_of(error: BaseException) -> str:
    """A step's failure is named for what the step raised."""
    named = getattr(error, "error_class", None)
    return named if isinstance(named, str) and named else type(error).__qualname__


def sentence_of(error: BaseException) -> str:
    """What it says; of those that say nothing of themselves, what they mean."""
    match error:
        case SystemExit():
            sentence = f"The code asked the process to exit: sys.exit({error.code!r})."
        case CancelledError() if not str(error):
            sentence = "Something that the code awaited was cancelled elsewhere."
        case KeyboardInterrupt() | GeneratorExit() if not str(error):
            sentence = f"The code raised {type(error).__name__}."
        case _:
            sentence = str(error)
    return clean(sentence, LONGEST_MESSAGE)


def sentence_of_all(found: Disposition) -> str:
    """The sentence that decided, and how many more there were."""
    sentence = sentence_of(found.error)
    if not found.others:
        return sentence
    more = f"{found.others} more {'error' if found.others == 1 else 'errors'}"
    return clean(f"{sentence} (and {more}, in the traceback)", LONGEST_MESSAGE)


def traceback_of(error: BaseException) -> str:
    text = "".join(traceback.format_exception(error))
    return clean(text, LONGEST_TRACEBACK, keep_end=True)


def clean(text: str, longest: int, *, keep_end: bool = False) -> str:
    """Cut, and free of what Postgres refuses in text: NUL and lone surrogates."""
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    text = text.encode("utf-8", "replace").decode()
    if len(text) <= longest:
        return text
    return "…" + text[-longest:] if keep_end else text[:longest] + "…"
