"""What a run is expected to take, and how an amount of money is written."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Estimate(BaseModel):
    """What a run will take. A field is None where nothing is known about it. ``at_least``: the
    seconds are a lower bound, because the largest partition may have more items."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True
    )

    seconds: float | None
    basis: str
    at_least: bool = False
    usd: float | None = None
    tokens: int | None = None
    cost_basis: str | None = None


def in_usd(amount: float) -> str:
    """With two decimals from a dollar on, and with four digits below."""
    return f"{amount:,.2f} USD" if amount >= 1 else f"{amount:.4g} USD"


def none_eligible(many: str) -> str:
    """The sentence for a run that has nothing to work on."""
    return f"No eligible {many} found"
