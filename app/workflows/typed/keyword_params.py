"""Params of a family that code names as keyword arguments."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import AliasChoices, BaseModel

from app.errors import BadInput, nearest
from app.workflows.registry.bound_family import BoundFamily

OPTIONS = frozenset(
    {"dry_run", "force", "idempotency_key", "item_ids", "item_list", "limit", "options"}
)
"""Keyword arguments that are of the call, whatever the family's params are called."""


def params_of(
    bound: BoundFamily, whole: BaseModel | None, named: Mapping[str, object], *, asked: set[str]
) -> BaseModel:
    """
    Args:
        whole: an object of the family's params, in place of ``named``.
        named: by their names in code or over HTTP.
        asked: the options that the call says something with.

    Raises:
        BadInput: there is no such param, or the family does not take it; or it cannot be told
            whether a param or an option is meant.
    """
    kind = bound.family.params
    if whole is not None:
        if named:
            raise BadInput("Hand over params as an object or by their names, not both.")
        if not isinstance(whole, kind):
            raise BadInput(
                f"{bound.name} takes its params as {kind.__qualname__}, and not as"
                f" {type(whole).__qualname__}.",
                field="params",
            )
        return whole
    both = sorted(asked & kind.model_fields.keys())
    if both:
        raise BadInput(
            f"{both[0]} is an option, and a param of {bound.name} is called the same. Hand over its"
            f" params as an object: {kind.__qualname__}({both[0]}=…).",
            field="params",
        )
    if kind.model_config.get("extra") != "allow":
        _require_known(bound.name, kind, named)
    return bound.params.of(dict(named))


def _require_known(family: str, kind: type[BaseModel], named: Mapping[str, object]) -> None:
    known = _names(kind)
    for name in named.keys() - known:
        near = nearest(name, [*known, *OPTIONS])
        meant = f" Did you mean {near[0]}?" if near else ""
        has = ", ".join(kind.model_fields) or "none"
        raise BadInput(
            f"{family} has no param {name!r}.{meant} Its params are: {has}. The options are:"
            f" {', '.join(sorted(OPTIONS))}.",
            field="params",
        )


def _names(kind: type[BaseModel]) -> set[str]:
    names = set(kind.model_fields)
    for field in kind.model_fields.values():
        alias = field.validation_alias
        choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
        names |= {choice for choice in choices if isinstance(choice, str)}
    return names
