"""What is sent to a link, read as the answer of its step. What is not understood is refused, so
that it is not lost behind a word of thanks."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl

from app import exact_json
from app.api.pages import answer_form
from app.errors import BadInput, TooLarge, UnsupportedMedia, full_stop

LARGEST = 200_000
"""Bytes."""
MOST_FIELDS = 100
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
TEXT = "text/plain"
CHARSETS = ("utf-8", "utf-16", "ascii", "iso8859-1", "iso8859-15", "cp1252")

Schema = Mapping[str, Any]


@dataclass(slots=True)
class Sent:
    """``fields``: those of a form, once it has been read; a person is shown them again."""

    body: bytes
    content_type: str
    fields: dict[str, str] = field(default_factory=dict)

    def answer(self, schema: Schema | None) -> object:
        """
        Args:
            schema: of the answer; None: any.

        Raises:
            BadInput, TooLarge, UnsupportedMedia: it is no answer that the step could take.
        """
        if len(self.body) > LARGEST:
            raise TooLarge(f"The answer is larger than {LARGEST:,} bytes.")
        try:
            if self._kind == JSON or self._kind.endswith("+json"):
                return _of_json(self.body)
            if self._kind == FORM:
                return _storable(self._of_form(schema))
            if self._kind == TEXT and _takes_text(schema):
                return _storable(self._of_text())
        except ValueError as error:
            raise BadInput(f"The answer cannot be read: {full_stop(str(error))}") from None
        raise self._strange(schema)

    @property
    def _kind(self) -> str:
        return self.content_type.partition(";")[0].strip().lower()

    @property
    def _charset(self) -> str:
        header = Message()
        header["content-type"] = self.content_type
        charset = header.get_content_charset("utf-8")
        try:
            name = codecs.lookup(charset).name
        except LookupError:
            name = ""
        if name not in CHARSETS:  # Python's others are also ciphers, archives and escapes
            raise UnsupportedMedia(f"The charset {charset[:40]!r} is not taken. Send UTF-8.")
        return name

    def _of_form(self, schema: Schema | None) -> object:
        known = answer_form.fields_of(schema)
        if self.body.lstrip()[:1] in (b"{", b"["):
            raise BadInput(f"It looks like JSON, and was sent as a form. Say Content-Type: {JSON}.")
        if self.body or known:
            self.fields = self._pairs()
        if schema is None and self.fields.keys() != known.keys():
            return dict(self.fields)  # any answer is taken: this is what was sent
        unknown = [name for name in self.fields if name not in known]
        if unknown:
            names = ", ".join(sorted(known)) or "none"
            raise BadInput(f"There is no field {unknown[0][:100]!r}. Known are: {names}.")
        return answer_form.read_form(schema, self.fields)

    def _pairs(self) -> dict[str, str]:
        pairs = parse_qsl(
            self.body.decode(self._charset),
            keep_blank_values=True,
            strict_parsing=True,
            encoding=self._charset,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
        fields = dict(pairs)
        if not fields:
            raise ValueError("nothing was sent")
        if len(fields) < len(pairs):
            raise ValueError("a field was sent twice")
        return fields

    def _of_text(self) -> str:
        text = self.body.decode(self._charset)
        if not text.strip():
            raise ValueError("nothing was sent")
        return text

    def _strange(self, schema: Schema | None) -> UnsupportedMedia:
        text = f", {TEXT}" if _takes_text(schema) else ""
        return UnsupportedMedia(
            f"An answer is sent as {JSON}, {FORM}{text}, and not as"
            f" {self._kind[:100] or 'something without a Content-Type'}."
        )


def _of_json(body: bytes) -> object:
    document = exact_json.loads(body)
    if not isinstance(document, dict) or document.keys() != {"data"}:
        raise BadInput('JSON must be an object whose only member is the answer: {"data": …}.')
    return document["data"]


def _storable(sent: object) -> object:
    fault = exact_json.unstorable(sent)
    if fault is not None:
        place, why = fault
        raise exact_json.Refused(why, place)
    return sent


def _takes_text(schema: Schema | None) -> bool:
    return schema is None or answer_form.root_of(schema).get("type") == "string"
