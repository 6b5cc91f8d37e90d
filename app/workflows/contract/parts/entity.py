"""What a family works on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entity:
    """What a family works on, in the singular and the plural: ``Entity("user", "users")``."""

    singular: str
    plural: str
