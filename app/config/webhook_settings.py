"""The settings of whose webhooks are taken: nobody's, unless they are set."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_settings import NoDecode

from app.config.event_names import NAME
from app.config.metrics_settings import MetricsSettings
from app.tokens import secret_fault

FORM = "source:scheme:secret or source[event-name]:scheme:secret"
TYPE = "{type}"
"""In an event's name: what the call says that it is about."""
SHORTEST = 16
"""Bytes of a key."""

_PREFIX = "whsec_"


class WebhookScheme(StrEnum):
    """How a source signs."""

    STANDARD = "standard"  # the Standard Webhooks specification
    GITHUB = "github"  # X-Hub-Signature-256
    STRIPE = "stripe"  # Stripe-Signature


_ENTRY = re.compile(
    r"(?P<name>[a-z0-9]+(-[a-z0-9]+)*)\s*(\[(?P<event>[^\[\]]*)\])?\s*"
    rf":\s*(?P<scheme>{'|'.join(WebhookScheme)})\s*:\s*(?P<secret>.+)"
)


class WebhookSource(BaseModel):
    """``secrets``: several while one is changed. ``event``: the name of what comes of a call."""

    model_config = ConfigDict(frozen=True)
    name: str
    scheme: WebhookScheme
    secrets: tuple[SecretStr, ...]
    event: str


def parse_sources(text: object) -> tuple[WebhookSource, ...]:
    """Read ``shop:stripe:whsec_…,code[github/{type}]:github:secret``. A source that stands twice
    has two secrets.

    Raises:
        ValueError: names the entry by its position, never by its secret.
    """
    if isinstance(text, tuple):
        return text
    if not isinstance(text, str):
        raise ValueError(f"must be a list of {FORM}")  # noqa: TRY004 for pydantic
    found: dict[str, WebhookSource] = {}
    for position, entry in enumerate((e.strip() for e in text.split(",") if e.strip()), start=1):
        one = _source(entry, position)
        former = found.get(one.name)
        if former is not None:
            one = _with_both(former, one, position)
        found[one.name] = one
    return tuple(found.values())


def _source(entry: str, position: int) -> WebhookSource:
    form = _ENTRY.fullmatch(entry)
    if form is None:
        schemes = ", ".join(WebhookScheme)
        raise ValueError(f"entry {position} is not of the form {FORM}; schemes are: {schemes}")
    name, scheme, secret = form["name"], WebhookScheme(form["scheme"]), form["secret"]
    event = f"{name}/{TYPE}" if form["event"] is None else form["event"].strip()
    if not NAME.fullmatch(event.replace(TYPE, "x")):
        raise ValueError(f"the event of entry {position} must be a name such as {name}/{TYPE}")
    if fault := _FAULTS[scheme](secret):
        raise ValueError(f"the secret of entry {position} {fault}")
    return WebhookSource(name=name, scheme=scheme, secrets=(SecretStr(secret),), event=event)


def _with_both(former: WebhookSource, one: WebhookSource, position: int) -> WebhookSource:
    if (former.scheme, former.event) != (one.scheme, one.event):
        raise ValueError(
            f"the source of entry {position} stands twice, which is for two secrets: with the same"
            " scheme and event"
        )
    return former.model_copy(update={"secrets": (*former.secrets, *one.secrets)})


def _of_standard(secret: str) -> str | None:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX) + "==", validate=False)
    except ValueError:
        key = b""
    if len(key) >= SHORTEST and secret_fault(secret) is None:
        return None
    return (
        f"must be {_PREFIX} and a key of {SHORTEST} bytes or more as base64, as its sender shows it"
    )


def _of_stripe(secret: str) -> str | None:
    if not secret.startswith(_PREFIX):
        return f"must begin with {_PREFIX}, as Stripe shows it beside the endpoint"
    return secret_fault(secret)


_FAULTS: Mapping[WebhookScheme, Callable[[str], str | None]] = {
    WebhookScheme.STANDARD: _of_standard,
    WebhookScheme.GITHUB: secret_fault,
    WebhookScheme.STRIPE: _of_stripe,
}


class WebhookSettings(MetricsSettings):
    webhooks: Annotated[
        tuple[WebhookSource, ...], NoDecode, BeforeValidator(parse_sources)
    ] = Field(
        (), alias="SLUICE_WEBHOOKS",
        description="source:scheme:secret,… of whose webhooks become events; unset: nobody's",
    )  # fmt: skip
