"""The messages that tell of another one: its callback and its failure callback."""

from __future__ import annotations

import base64
import json

from app.qstash_dev.state.dead_letters import DeadLetter, DestinationAnswer
from app.qstash_dev.state.message import MessageOrigin, QStashMessage, new_id
from app.qstash_dev.wire.instructions import Callback


def callback_of(
    message: QStashMessage,
    callback: Callback,
    answer: DestinationAnswer,
    now: float,
    letter: DeadLetter | None = None,
) -> QStashMessage:
    """A message to ``callback.url``.

    Args:
        now: Unix seconds.
        letter: what the message has become, of a failure callback.
    """
    origin = message.origin
    told: dict[str, object] = {
        "status": answer.status,
        "header": answer.headers,
        "body": _base64(answer.body),
        "retried": message.retried,
        "maxRetries": message.instructions.retries,
        "dlqId": letter and letter.id,
        "sourceMessageId": message.id,
        "topicName": origin.url_group,
        "endpointName": origin.endpoint,
        "url": message.url,
        "method": message.instructions.method,
        "sourceHeader": message.instructions.redact.shown_headers(message.instructions.headers),
        "sourceBody": _base64(message.instructions.redact.shown_body(message.body)),
        "notBefore": int(message.not_before * 1_000),
        "createdAt": int(message.created_at * 1_000),
        "scheduleId": origin.schedule_id,
        "callerIP": origin.caller_ip,
    }
    instructions = callback.instructions
    return QStashMessage(
        id=new_id("msg_"),
        url=callback.url,
        body=json.dumps(
            {name: value for name, value in told.items() if value is not None}
        ).encode(),
        instructions=instructions,
        origin=MessageOrigin(caller_ip=origin.caller_ip),
        created_at=now,
        not_before=instructions.not_before or now + instructions.delay,
        source=message,
    )


def _base64(body: bytes) -> str:
    return base64.b64encode(body).decode()
