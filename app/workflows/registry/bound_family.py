"""A family made ready to be called: each method awaitable, params and results to and from JSON."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import CodeType, MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import BaseModel

from app.errors import FieldError
from app.redaction.redactor import Redactor
from app.store.items.result_memory import ResultMemory
from app.store.tables.base import Json
from app.workflows.contract.context import Context
from app.workflows.contract.job_family import AnyFamily, overridden
from app.workflows.contract.result_memory import RememberedResults
from app.workflows.contract.steps.batched_method import Batching, batched_methods
from app.workflows.keys import Layer, flow_key, values_key
from app.workflows.registry.family_call import awaitable, directly
from app.workflows.registry.known_types import hints_of, id_type, result_type, values_of
from app.workflows.registry.step_contract import ANYTHING, StepContract, contract_of
from app.workflows.registry.threads import ThreadLine, Threads
from app.workflows.registry.typed_ids import Async, TypedIds
from app.workflows.serialization.codec import LARGEST, ValueCodec
from app.workflows.serialization.params import LARGEST as LARGEST_PARAMS
from app.workflows.serialization.params import EntityRefused, KeptParams, Params, ParamsVersion
from app.workflows.serialization.results import Results
from app.workflows.serialization.secret_box import SecretBox

if TYPE_CHECKING:  # it loads OpenTelemetry
    from app.tracing.service_tracing import Tracing

FEWEST_MESSAGES = 16
"""Into which the items of a run are divided, where it has as many."""


@dataclass(frozen=True, slots=True)
class BoundFamily:
    family: AnyFamily
    pages: Async | None
    """``page`` of a family whose source is not SQL."""
    count: Async
    ready: Async
    existing: Callable[[Sequence[str], BaseModel, Context], Awaitable[Collection[str]]]
    load: Async
    execute: Async
    save: Async
    save_invoked: Async
    stored: Async | None
    """None: the family does not tell what is stored."""
    finish: Async | None
    """None: nothing follows a run's last item but its end."""
    params: Params
    entities: Params | None
    """What callers may hand over; None: nothing."""
    results: Results
    finishes: Results
    """What ``finish`` returns."""
    values: ValueCodec
    """What its steps may be given, and return."""
    threads: ThreadLine
    """For what is plain ``def`` of its items."""
    plain: bool
    """Each of its items needs one."""
    chunk_size: int
    """Ids of one message at the most."""
    ids: TypedIds | None = None
    """None: the family's methods are given the text."""
    redactor: Redactor = field(default_factory=Redactor)
    """Of the service."""
    memory: ResultMemory | None = None
    """What is asked in the stead of ``existing``; None: that is."""
    batching: Mapping[str, Batching] = field(default_factory=dict)
    """How its batched methods are called, by their names."""
    contracts: dict[tuple[CodeType, bool], StepContract] = field(default_factory=dict)
    """By the code of a step's function, and whether it is a method of somebody's: reading
    annotations takes a while."""
    tracing: Tracing | None = None
    """None: nothing is traced."""

    def contract_of(self, function: Callable[..., object]) -> StepContract:
        """What a step's function declares. The classes that it names are known from here on."""
        code = getattr(inspect.unwrap(function), "__code__", None)
        if code is None:
            return ANYTHING
        key = code, inspect.ismethod(function)
        if (contract := self.contracts.get(key)) is None:
            self.values.use(*hints_of(function))
            contract = self.contracts[key] = contract_of(function)
        return contract

    def awaitable(self, function: Callable[..., object]) -> Async:
        """A plain ``def`` runs in a thread."""
        return awaitable(function, self.threads)

    def batched(self, method: str) -> Async:
        return self.awaitable(getattr(self.family, method))

    @property
    def name(self) -> str:
        return self.family.name

    @property
    def filters(self) -> bool:
        """Whether it tells at all what has a result."""
        return bool(overridden(self.family, ("existing",)))

    def params_key(self, params: BaseModel) -> str:
        """Of the params by which it tells remembered results apart; empty: by none."""
        existing: object = self.family.existing
        names = set(existing.by) if isinstance(existing, RememberedResults) else ()
        return values_key(params.model_dump(mode="json", include=names)) if names else ""

    def check_ids(self, item_ids: Sequence[str] | None) -> None:
        """
        Raises:
            BadInput: one of them is none of the type that the family's ids have.
        """
        if self.ids is not None and item_ids is not None:
            self.ids.check(item_ids)

    def keep_entity(self, entity: BaseModel | None) -> KeptParams | None:
        """
        Raises:
            BadInput: it would not be the same when it is read back, or the family takes none.
        """
        return None if entity is None else self._entities().keep(entity)

    def read_entity(self, entity: Json | None, sealed: str | None) -> BaseModel | None:
        """
        Raises:
            EntityRefused: the family takes it no more.
            SecretsLost: its secrets cannot be read.
        """
        return None if entity is None else self._entities().read(KeptParams(entity, sealed))

    def _entities(self) -> Params:
        if self.entities is None:
            message = no_entity(self.family)
            raise EntityRefused([FieldError(field="entity", message=message)])
        return self.entities

    def chunk_for(self, items: int | None) -> int:
        """How many of a run's items a message names: fewer where there are few, so that workers
        share them. None: nobody knows how many there are."""
        most = self.chunk_size
        return most if items is None else max(1, min(most, items // FEWEST_MESSAGES))

    def flow_key(self, layer: Layer) -> str:
        return flow_key(self.name, layer)


def bind(
    family: AnyFamily,
    threads: Threads,
    box: SecretBox | None = None,
    *,
    largest: int = LARGEST,
    largest_params: int = LARGEST_PARAMS,
    redactor: Redactor | None = None,
    one_by_one: bool = False,
    memories: Mapping[str, ResultMemory] = MappingProxyType({}),
    tracing: Tracing | None = None,
) -> BoundFamily:
    """
    Args:
        one_by_one: no message names more than one item, whatever the family says.
        box: of the service; None: secrets in params can be read by this process alone.
        largest: bytes of a result, or of what a step is given and returns.
        largest_params: bytes of a run's params.
        redactor: of the service; it learns the secrets of params as they are read.
        memories: of the families that declare ``existing = Remembered(…)``, by name.
    """
    of_items = _line(family, threads, Layer.EXECUTE, "load", "execute", "save", "save_invoked")
    of_pages = _line(family, threads, Layer.PAGINATE, "ready", "page", "count", "existing")
    made, own = partial(_made, family), partial(overridden, family)
    kind = id_type(type(family))
    ids = TypedIds(kind) if kind in (int, UUID) else None
    existing = made("existing", of_pages)
    load, stored = made("load", of_items), made("stored", of_items)
    values = values_of(family, largest)
    redactor, box = redactor or Redactor(), box or SecretBox.fresh()
    version = ParamsVersion(family.params_version, family.migrate_params)
    kept = partial(Params, values=values, box=box, redactor=redactor, largest=largest_params)
    return BoundFamily(
        family=family,
        pages=made("page", of_pages) if own(("page",)) else None,
        count=made("count", of_pages),
        ready=made("ready", of_pages),
        existing=ids.of_many(existing) if ids else existing,
        load=ids.of_one(load) if ids else load,
        execute=made("execute", of_items),
        save=made("save", of_items),
        save_invoked=made("save_invoked", of_items),
        stored=(ids.of_one(stored) if ids else stored) if own(("stored",)) else None,
        finish=made("finish", of_items) if own(("finish",)) else None,
        ids=ids,
        params=kept(family.params, version=version),
        entities=None if family.invokes is None else kept(family.invokes, word="entity"),
        results=Results(result_type(type(family)), values),
        finishes=Results(Any, values, "finish"),
        values=values,
        threads=of_items,
        plain=of_items.used,
        chunk_size=1 if one_by_one else family.chunk_size,
        redactor=redactor,
        memory=memories.get(family.name),
        batching=batched_methods(type(family)),
        tracing=tracing,
    )


def no_entity(family: AnyFamily) -> str:
    """That it takes none, and what to do about it."""
    return (
        f"{family.name} takes no entity of its caller's. Name the id of one that is there; or let"
        f" {type(family).__name__} say what it takes: invokes = a pydantic model, of the type that"
        " load() returns"
    )


def _line(family: AnyFamily, threads: Threads, layer: Layer, *names: str) -> ThreadLine:
    """For its methods of these names, where one of them is a plain ``def``."""
    line = threads.line(flow_key(family.name, layer))
    methods = [getattr(family, name) for name in overridden(family, names)]
    line.used = not all(map(_blocks_nobody, methods))
    return line


def _made(family: AnyFamily, name: str, line: ThreadLine) -> Async:
    method = getattr(family, name)
    ours = not overridden(family, (name,)) or isinstance(method, RememberedResults)
    if ours and not inspect.iscoroutinefunction(method):
        return directly(method)  # what is the contract's own blocks nobody
    return awaitable(method, line)


def _blocks_nobody(method: Callable[..., object]) -> bool:
    return inspect.iscoroutinefunction(method) or isinstance(method, RememberedResults)
