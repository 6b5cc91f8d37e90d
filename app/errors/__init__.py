"""Errors that are raised on purpose, and the words for faults of fields. Needs no package of others
to load."""

from __future__ import annotations

from app.errors.exceptions import (
    AddressTooLong,
    BadInput,
    ConfigurationError,
    Conflict,
    Forbidden,
    HeadersTooLarge,
    InvalidTransition,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    RequestTimeout,
    SluiceError,
    TooLarge,
    TooManyTries,
    Unauthorized,
    Unavailable,
    UnsupportedMedia,
    full_stop,
)
from app.errors.faults import (
    MOST_FAULTS,
    Fault,
    FieldError,
    Refusal,
    field_errors,
    first_of,
    message_of,
    path_of,
    told_of_null,
)
from app.errors.nearest import LONGEST_NAME, nearest

__all__ = [
    "LONGEST_NAME",
    "MOST_FAULTS",
    "AddressTooLong",
    "BadInput",
    "ConfigurationError",
    "Conflict",
    "Fault",
    "FieldError",
    "Forbidden",
    "HeadersTooLarge",
    "InvalidTransition",
    "MalformedRequest",
    "MethodNotAllowed",
    "NotFound",
    "Refusal",
    "RequestTimeout",
    "SluiceError",
    "TooLarge",
    "TooManyTries",
    "Unauthorized",
    "Unavailable",
    "UnsupportedMedia",
    "field_errors",
    "first_of",
    "full_stop",
    "message_of",
    "nearest",
    "path_of",
    "told_of_null",
]
