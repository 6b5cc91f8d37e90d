"""A call without a body asks for nothing in particular, as ``{}`` does."""

from __future__ import annotations

from typing import TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from app.schemas.base import Body

BodyT = TypeVar("BodyT", bound=Body)


def require_no_content(request: Request) -> None:
    """For a call of which no body was read: that it announced none either.

    Raises:
        RequestValidationError: it told a type of content, and what came was empty or null.
    """
    if "content-type" in request.headers:
        told = "it is empty or null: send a JSON object, or neither a body nor a Content-Type"
        raise RequestValidationError([{"type": "no_body", "loc": ("body",), "msg": told}])


def or_empty(body: BodyT | None, model: type[BodyT]) -> BodyT:
    """
    Args:
        body: None: the call had none.

    Raises:
        RequestValidationError: the model has fields that must be named.
    """
    if body is not None:
        return body
    try:
        return model()
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults) from None
