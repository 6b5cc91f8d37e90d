"""A run's params, and what a caller hands over as its entity, as they are kept and read back: the
same by value, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from app.errors import BadInput, FieldError, field_errors, first_of, full_stop
from app.redaction.redactor import Redactor
from app.store.tables.base import Json
from app.workflows.failures.error_text import class_of, sentence_of
from app.workflows.serialization.codec import NotSerialisable, ValueCodec
from app.workflows.serialization.equality import same
from app.workflows.serialization.json_text import as_jsonb, require_small
from app.workflows.serialization.secret_box import SecretBox, SecretsLost
from app.workflows.serialization.secret_places import (
    Placed,
    dumped,
    not_dumped,
    put,
    require_storable,
    unmasked,
)

LARGEST = 32_000


class ParamsRefused(BadInput):
    """The family does not take these params. ``more`` has every fault, and never the input."""

    def __init__(self, faults: Sequence[FieldError]) -> None:
        super().__init__(full_stop(first_of(faults)), more={"errors": list(faults)})


class EntityRefused(ParamsRefused):
    """The family takes no such entity from a caller."""


class ParamsNotMigrated(ParamsRefused):
    """They are of another version than the family's, and do not become those of this one."""

    def __init__(self, sentence: str) -> None:
        BadInput.__init__(self, full_stop(sentence), field="params")


@dataclass(frozen=True, slots=True)
class ParamsVersion:
    """The version of a family's params; ``migrate`` converts those of an earlier one."""

    number: int = 1
    migrate: Callable[[dict[str, Any], int], dict[str, Any]] = lambda old, _: old

    def upgraded(self, data: Any, version: int) -> Any:  # a JSON object, with its secrets
        """
        Raises:
            ParamsNotMigrated
        """
        if version == self.number:
            return data
        if version > self.number:
            raise ParamsNotMigrated(
                f"They are of params_version {version}, and this process has {self.number}: it runs"
                " older code."
            )
        try:
            return self.migrate(dict(data), version)
        except Exception as error:
            raise ParamsNotMigrated(
                f"migrate_params, from version {version} to {self.number}, raised"
                f" {class_of(error)}: {sentence_of(error)}"
            ) from error


Unreadable = ParamsRefused | SecretsLost
"""Why params that were kept are not read back."""


@dataclass(frozen=True, slots=True)
class KeptParams:
    """``json`` may be shown: a mask stands for each secret. ``sealed``: those, encrypted.
    ``version``: the family's ``params_version``."""

    json: Json
    sealed: str | None = None
    version: int = 1


class Params:
    """Of one family; the entities that it takes from callers are kept likewise.

    Raises:
        SecretsLost: by each method that reads secrets back.
    """

    def __init__(
        self,
        kind: type[BaseModel],
        values: ValueCodec,
        box: SecretBox,
        redactor: Redactor | None = None,
        version: ParamsVersion = ParamsVersion(),
        *,
        largest: int = LARGEST,
        word: Literal["params", "entity"] = "params",
    ) -> None:
        """
        Args:
            redactor: learns each secret that comes by.
            largest: bytes of params that are kept, as JSON with their secrets.
            word: what they are called in the body, and so in what is refused.
        """
        self._kind = kind
        self._word = word
        self._version = version
        self._largest = largest
        self._redactor = redactor or Redactor()
        self._values = values
        self._box = box

    def keep(self, params: BaseModel, *, unset: bool = True) -> KeptParams:
        """
        Args:
            unset: also what nobody set, as it is now.

        Raises:
            BadInput: they would not be the same when they are read back, or are too large.
        """
        data, placed = self._dumped(params, unset=True)
        text = json.dumps(data)
        size = len(text) + sum(len(str(v)) for _, v in placed)
        require_small(size, self._largest, self._word)
        self._told(placed)
        require_storable(data, placed, self._word)
        self._require_same(params, self._validated(put(as_jsonb(text), placed)))
        if not unset:
            data, placed = self._dumped(params, unset=False)
        return KeptParams(data, self._sealed(placed), self._version.number)

    def named(self, data: Mapping[str, Any], before: KeptParams | None = None) -> KeptParams:
        """What somebody named of them, by their names over HTTP.

        Args:
            before: those in whose place they come: a secret that is masked stays as it was.

        Raises:
            BadInput: the family does not take them; or see ``keep``.
        """
        if before is not None:
            data = unmasked(data, before.json, self._opened(before.sealed))
        return self.keep(self._validated(data), unset=False)

    def read(self, kept: KeptParams) -> BaseModel:
        """
        Raises:
            BadInput: the family takes them no more, or they do not become those of its version.
        """
        data = kept.json if kept.sealed is None else put(kept.json, self._opened(kept.sealed))
        return self._validated(self._version.upgraded(data, kept.version))

    def of(self, data: object) -> BaseModel:
        """
        Raises:
            BadInput: the family does not take them.
        """
        params = self._validated(data)
        with suppress(BadInput):  # ``keep`` says so, where they are to be kept
            self._told(self._dumped(params, unset=True)[1])
        return params

    def equal(self, one: KeptParams, other: KeptParams) -> bool:
        """Secrets included: they are encrypted differently each time."""
        return one.json == other.json and self._opened(one.sealed) == self._opened(other.sealed)

    def fingerprint(self, params: BaseModel, beside: str) -> bytes:
        """Of params and a text beside them; it is of no use to guess a secret from."""
        data, placed = self._dumped(params, unset=True)
        secrets = [[list(place), repr(value)] for place, value in placed]
        return self._box.digest(json.dumps([data, secrets, beside], sort_keys=True))

    def _validated(self, data: Any) -> BaseModel:
        try:
            return self._kind.model_validate(data)
        except ValidationError as error:
            # Not as its cause: it holds what was sent, in which there may be secrets.
            refused = EntityRefused if self._word == "entity" else ParamsRefused
            raise refused(field_errors(error, self._word)) from None

    def _require_same(self, params: BaseModel, again: BaseModel) -> None:
        if same(params, again):
            return
        fields = self._kind.model_fields.items()
        changed = (
            (f"{self._word}.{field.alias or name}", getattr(params, name), getattr(again, name))
            for name, field in fields
            if not same(getattr(params, name, None), getattr(again, name, None))
        )
        shown, was, now = next(changed, (self._word, params, again))
        kind, read = type(was).__name__, type(now).__name__
        if kind != read:  # no more than these: the value may be a secret
            raise BadInput(
                f"{shown} is of type {kind}, and of type {read} once it is kept and read back. Let"
                " the family give it a value of the type that it declares, as its default, too.",
                field=shown,
            )
        raise BadInput(
            f"{shown} is not the same once it is kept and read back. Let the family declare it by a"
            " type that JSON holds, and let its validators take what they gave.",
            field=shown,
        )

    def _sealed(self, placed: Placed) -> str | None:
        if not placed:
            return None
        try:
            return self._box.seal(self._values.dump([list(one) for one in placed], self._word))
        except NotSerialisable:  # whose sentence says what is in it
            raise BadInput(f"A secret of {self._word} is of a type that cannot be kept.") from None

    def _opened(self, sealed: str | None) -> Placed:
        if sealed is None:
            return []
        placed = [(place, value) for place, value in self._values.load(self._box.open(sealed))]
        self._told(placed)
        return placed

    def _told(self, placed: Placed) -> None:
        if placed:
            self._redactor.learn(*(value for _, value in placed))

    def _dumped(self, params: BaseModel, *, unset: bool) -> tuple[Any, Placed]:
        try:
            return dumped(params, unset=unset)
        except ValueError as error:  # pydantic's serialisation errors are ValueErrors
            raise not_dumped(params, self._word, error) from None
