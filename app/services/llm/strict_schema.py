"""JSON Schema as strict structured output wants it.

OpenAI's strict mode accepts a schema only if every object is closed and every property required,
and has no use for defaults (platform.openai.com/docs/guides/structured-outputs, "Supported
schemas"). Pydantic's own schema leaves a property with a default optional.
"""

from __future__ import annotations

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema


class StrictJsonSchema(GenerateJsonSchema):
    """Closes every object, requires every property and leaves defaults out."""

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        return True

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        return super().model_schema(schema) | {"additionalProperties": False}


def response_format(schema: type[BaseModel]) -> dict[str, object]:
    """The ``response_format`` of a chat completion whose content must be one ``schema``."""
    return {
        "type": "json_schema",
        "json_schema": {
            "name": schema.__name__,
            "strict": True,
            "schema": schema.model_json_schema(schema_generator=StrictJsonSchema),
        },
    }
