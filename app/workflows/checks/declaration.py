"""What a family declares, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from app.workflows.contract.after import in_full
from app.workflows.contract.cron import Cron
from app.workflows.contract.job_family import AnyFamily, overridden
from app.workflows.contract.result_memory import RememberedResults
from app.workflows.keys import Layer
from app.workflows.registry.known_types import id_type

METHODS = (
    *("ready", "existing", "load", "execute", "save", "save_invoked", "finish"),
    *("stored", "count", "estimate_cost", "migrate_params"),
)


def declaration(family: AnyFamily) -> Mapping[str, str]:
    """By what it is about; as short as it can be read."""
    written = overridden(family, METHODS)
    existing: object = family.existing
    if isinstance(existing, RememberedResults):
        written.remove("existing")
    by_select = overridden(family, ("eligible",))
    ids = getattr(id_type(type(family)), "__name__", "str")
    said = {
        "works on": f"{family.entity.singular}, {family.entity.plural}",
        "ids": f"{ids}, from {'eligible(), a SELECT' if by_select else 'page()'}",
        "methods": ", ".join(name for name in METHODS if name in written),
        "params": ", ".join(_params(family.params)) or "none",
        **{f"flow of {layer}": str(family.flow.of(layer)) for layer in Layer},
        "attempts": f"{family.attempts}, {family.timeout.total_seconds():g} s each",
        "pages": f"of {family.page_size}, in chunks of {family.chunk_size}",
        "beside a run": str(family.overlap),
        "schedule": _schedule(family.schedule),
    }
    if family.on:
        said["events"] = ", ".join(event.name for event in family.on)
    if isinstance(existing, RememberedResults):
        said["remembers"] = _remembered(existing, family.version)
    if former := [after.family for after in in_full(family.after)]:
        said["after"] = ", ".join(former)
    if family.throttle:
        said["throttle"] = ", ".join(one.name for one in family.throttle)
    if family.invokes is not None:
        said["takes an entity"] = ", ".join(_params(family.invokes)) or "of no fields"
    if family.approval:
        said["approval"] = "every run"
    if family.partitions is not None:
        said["partitions"] = type(family.partitions).__name__
    return said


def _remembered(said: RememberedResults, version: int) -> str:
    lasts = (
        "for good" if said.within is None else f"for {said.within.total_seconds() / 86_400:g} days"
    )
    by = f", by {' and '.join(said.by)}" if said.by else ""
    return f"results {lasts}{by}; version {version}"


def _params(kind: type[BaseModel]) -> list[str]:
    found = []
    for name, field in kind.model_fields.items():
        if field.is_required():
            found.append(f"{name} (required)")
        elif field.default_factory is not None:
            found.append(f"{name} = …")
        else:  # a secret is written as stars
            value = to_jsonable_python(field.default, fallback=repr)
            found.append(f"{name} = {json.dumps(value, ensure_ascii=False)}")
    return found


def _schedule(cron: object) -> str:
    return f"{cron.expression} {cron.tz}" if isinstance(cron, Cron) else "none"
