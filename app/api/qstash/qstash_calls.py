"""What is done with a call of QStash's, once its signature is found right."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from pydantic import BaseModel, ValidationError

from app.api.qstash.signed_calls import FAILED, TICK
from app.engine.qstash.answer import NEVER, OVER, DeliveryAnswer
from app.engine.qstash.engine import QStashEngine
from app.engine.qstash.signature import SignatureCheck
from app.workflows.worker.tick import Tick

log = structlog.get_logger("sluice.qstash")


class FailureCallback(BaseModel):
    """What QStash tells of a message that it has given up, as far as it is of use.

    ``sourceBody``: the message's, in base64. ``status``: of our last answer.
    """

    sourceBody: str  # noqa: N815 - as it stands on the wire
    status: int = 0
    url: str = ""

    @property
    def letter(self) -> bytes:
        """
        Raises:
            ValueError: it is no base64.
        """
        return base64.b64decode(self.sourceBody, validate=True)


@dataclass(frozen=True, slots=True)
class QStashCalls:
    """
    Args:
        flow_keys: whose messages are delivered at which path.
    """

    engine: QStashEngine
    check: SignatureCheck
    flow_keys: Mapping[str, str]
    tick: Tick

    async def answer(self, path: str, body: bytes, retried: int) -> DeliveryAnswer:
        """
        Args:
            path: below the root path.
            retried: how often QStash has tried before.
        """
        if path == FAILED:
            return await self._given_up(body)
        if path == TICK:
            await self.tick.run()
            return OVER
        flow_key = self.flow_keys.get(path)
        if flow_key is None:
            # Its family has gone, and the message goes back to the outbox.
            log.warning("delivered_to_nobody", path=path)
            return NEVER
        return await self.engine.deliver(flow_key, body, retried)

    async def _given_up(self, body: bytes) -> DeliveryAnswer:
        try:
            told = FailureCallback.model_validate_json(body)
            await self.engine.given_up(told.letter)
        except (ValidationError, ValueError):
            return NEVER
        log.warning("delivery_given_up", status=told.status, url=told.url)
        return OVER
