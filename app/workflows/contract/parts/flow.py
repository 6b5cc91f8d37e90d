"""The flow control of a family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from app.flow.limits import OPEN, FlowControl
from app.workflows.keys import Layer


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Flow control by layer."""

    process: FlowControl = OPEN
    paginate: FlowControl = OPEN
    execute: FlowControl = OPEN

    def of(self, layer: Layer) -> FlowControl:
        return cast("FlowControl", getattr(self, layer.value))
