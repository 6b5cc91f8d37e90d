"""The schema that is sent with a request for structured output."""

from __future__ import annotations

from pydantic import BaseModel

from app.services.llm.strict_schema import response_format


class Tone(BaseModel):
    warm: bool = True


class Draft(BaseModel):
    default: str
    tone: Tone = Tone()
    tags: list[str] | None = None


def test_every_object_is_closed_every_property_required_and_no_default_left() -> None:
    assert response_format(Draft) == {
        "type": "json_schema",
        "json_schema": {
            "name": "Draft",
            "strict": True,
            "schema": {
                "$defs": {
                    "Tone": {
                        "additionalProperties": False,
                        "properties": {"warm": {"title": "Warm", "type": "boolean"}},
                        "required": ["warm"],
                        "title": "Tone",
                        "type": "object",
                    }
                },
                "additionalProperties": False,
                "properties": {
                    "default": {"title": "Default", "type": "string"},
                    "tone": {"$ref": "#/$defs/Tone"},
                    "tags": {
                        "anyOf": [{"items": {"type": "string"}, "type": "array"}, {"type": "null"}],
                        "title": "Tags",
                    },
                },
                "required": ["default", "tone", "tags"],
                "title": "Draft",
                "type": "object",
            },
        },
    }
