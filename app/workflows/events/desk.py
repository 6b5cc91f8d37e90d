"""Where events come in: those that callers send, and webhooks of others, which become events."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from pydantic import JsonValue

from app.config.event_names import NAME, NAME_FORM
from app.config.webhook_settings import TYPE, WebhookSource
from app.errors import BadInput, NotFound, Unauthorized
from app.workflows.events.inbox import EventInbox, EventReceipt, SentEvent
from app.workflows.events.starter import EventStarter
from app.workflows.events.webhook_signatures import SignedWebhook, WebhookRefused, verify
from app.workflows.keys import id_fault

log = structlog.get_logger("sluice.event")


@dataclass(frozen=True, slots=True)
class EventDesk:
    """``starter``: for where no worker has one. ``sources``: of webhooks, by name; with none, there
    is nothing to call."""

    inbox: EventInbox
    starter: EventStarter
    sources: Mapping[str, WebhookSource]

    def verified(
        self, name: str, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> SignedWebhook:
        """
        Args:
            headers: by their names in small letters.

        Raises:
            NotFound: there is no such source.
            Unauthorized: it is not signed as its source signs.
        """
        source = self.sources.get(name)
        if source is None:
            raise NotFound("No webhooks are taken here. SLUICE_WEBHOOKS says whose are.")
        secrets = [secret.get_secret_value() for secret in source.secrets]
        try:
            return verify(source.scheme, secrets, headers, body, now)
        except WebhookRefused as refused:
            log.warning("webhook_refused", source=name, reason=str(refused))
            raise Unauthorized(f"{refused} Nothing was done.") from None

    async def take_webhook(
        self, name: str, signed: SignedWebhook, body: bytes, data: JsonValue
    ) -> EventReceipt:
        """Accept the event of a call whose signature is verified.

        Args:
            data: the body, read as JSON.

        Raises:
            BadInput: it says nothing that an event could be made of.
        """
        if not isinstance(data, dict):
            raise BadInput("The body must be an object of JSON.", field="body")
        event_id = signed.id or data.get("id") or hashlib.sha256(body).hexdigest()
        if not isinstance(event_id, str) or id_fault(event_id) is not None:
            raise BadInput("Its id is no text of 1 to 200 characters.", field="id")
        event = SentEvent(self._event(self.sources[name], signed, data), data, event_id, signed.at)
        # Whoever sends it cannot mend it, and would take the address for broken.
        taken = await self.inbox.take([event], sender=f"webhook {name}", lenient=True)
        return taken.receipts[0]

    @staticmethod
    def _event(source: WebhookSource, signed: SignedWebhook, data: Mapping[str, JsonValue]) -> str:
        if TYPE not in source.event:
            return source.event
        kind = signed.type or data.get("type")
        name = source.event.replace(TYPE, kind) if isinstance(kind, str) else ""
        if not NAME.fullmatch(name):
            raise BadInput(
                f"Its type does not make an event's name of {source.event}, which has {NAME_FORM}.",
                field="type",
            )
        return name
