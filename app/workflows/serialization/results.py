"""What a family's execute returned, as it is kept: ``save`` and a parent's step get the same value
however often they are given it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from types import NoneType
from typing import Any

from pydantic import TypeAdapter

from app.workflows.contract.exceptions import Fatal
from app.workflows.serialization.codec import ValueCodec, too_large
from app.workflows.serialization.equality import same
from app.workflows.serialization.json_shapes import surely
from app.workflows.serialization.json_text import as_jsonb, holds_nul

_MISFIT = re.compile(
    r"\(Expected `(?P<expected>[^`]+)` [^\[]*\[(field_name='(?P<field>\w+)', )?input_value="
    r".*, input_type=(?P<found>[\w.]+)\]\)$",
    re.MULTILINE,
)
"""Of what pydantic says of a value that it was not to serialise. It shows the value; we do not."""

_NOTHING: Any = object()  # stands for a value of any type


@dataclass(slots=True)
class Kept:
    """
    Args:
        json: for people; and to be read back, where ``exact`` is None.
        exact: by ``ValueCodec``, where JSON does not give back the same.
        value: what is given to ``save``: what it will be given a second time.
    """

    json: str
    exact: str | None
    value: Any  # of the family's own type


class Results:
    """Of ``execute``, or of another method. Most are JSON, and their type says so; then making it
    is all that is done. Others are read back at once, and where that gives something else,
    ``ValueCodec`` keeps them as well.

    Raises:
        Exception: as pydantic does for a type of which no JSON can be made.
    """

    def __init__(
        self, annotation: Any, values: ValueCodec, method: str = "execute"
    ) -> None:  # annotations are of no one type
        self._adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        self._surely = surely(annotation)
        self._is_nothing = annotation in (None, NoneType)
        self._values = values
        self._what = f"What {method} returned"

    def keep(self, result: Any) -> Kept:  # whatever execute returned
        """
        Raises:
            Fatal: it is not of the family's result type, is too large, or Postgres cannot hold it.
            NotSerialisable: it could not be read back.
        """
        if result is None and self._is_nothing:
            return Kept("null", None, None)
        text = self._dump(result)
        if text is not None and not holds_nul(text):
            if self._surely is not None and self._surely(result):
                return Kept(text, None, result)
            again = self._tried(text)
            if same(result, again):
                return Kept(text, None, again)
        exact = self._values.dump(result, self._what)
        shown = exact if text is None or holds_nul(text) else text
        if holds_nul(shown):
            raise Fatal(f"{self._what} holds a NUL character, which Postgres cannot store.")
        return Kept(shown, exact, self._values.load(exact))

    def read(self, text: str, exact: str | None) -> Any:  # of the family's own type
        """What was kept."""
        return self._adapter.validate_json(text) if exact is None else self._values.load(exact)

    def shown(self, result: Any) -> Any:  # whatever JSON holds
        """As its JSON reads. One that an earlier version of the family stored may have another
        shape."""
        return json.loads(self._adapter.dump_json(result, warnings=False))

    def _dump(self, result: Any) -> str | None:
        """The result as JSON; None: JSON has no form for it, such as for bytes that are no text."""
        try:
            # Of the adapter's own serializer: around it, ``dump_json`` takes as long again.
            text = self._adapter.serializer.to_json(result, warnings="error")
        except ValueError as error:  # pydantic's serialisation errors are ValueErrors
            misfit = error
        else:
            largest = self._values.largest
            if len(text) > largest:
                raise Fatal(too_large(self._what, f"weighs {len(text):,} bytes as JSON", largest))
            return text.decode()
        try:
            self._adapter.dump_json(result, warnings=False)
        except ValueError:
            return None
        raise Fatal(f"{self._what} does not fit the family's result type{_where(misfit)}.")

    def _tried(self, text: str) -> Any:
        try:
            return self._adapter.validate_json(json.dumps(as_jsonb(text)))
        except Exception:  # noqa: BLE001 - an author's validator raises what it likes
            return _NOTHING


def _where(misfit: ValueError) -> str:
    """What is where another type belongs, as far as pydantic tells of the first place."""
    if (found := _MISFIT.search(str(misfit))) is None:
        return ""
    field = f" in the field {found['field']}" if found["field"] else ""
    return f": it has {found['found']}{field} where {found['expected']} belongs"
