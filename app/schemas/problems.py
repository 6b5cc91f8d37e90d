"""What is answered instead, where something is wrong: RFC 9457."""

from __future__ import annotations

from pydantic import BaseModel


class FieldProblem(BaseModel):
    field: str
    message: str


class Problem(BaseModel):
    detail: str
    errors: list[FieldProblem] = []
