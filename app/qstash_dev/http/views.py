"""What is held, as answers show it."""

from __future__ import annotations

import base64
from typing import Any

from app.qstash_dev.state.dead_letters import DeadLetter
from app.qstash_dev.state.event_log import LogEntry
from app.qstash_dev.state.flow_key import FlowKey
from app.qstash_dev.state.message import MessageState, QStashMessage
from app.qstash_dev.state.queues import QStashQueue
from app.qstash_dev.state.schedules import QStashSchedule
from app.qstash_dev.state.url_groups import UrlGroup
from app.qstash_dev.wire.instructions import Instructions

View = dict[str, Any]
"""JSON."""

_SCHEDULE_STATES = {
    MessageState.DELIVERED: "SUCCESS",
    MessageState.FAILED: "FAIL",
    MessageState.CANCELED: "FAIL",
}


def milliseconds(moment: float) -> int:
    return int(moment * 1_000)


def shown_message(message: QStashMessage) -> View:
    instructions, origin = message.instructions, message.origin
    return _present(
        messageId=message.id,
        url=message.url,
        topicName=origin.url_group,
        endpointName=origin.endpoint,
        queueName=origin.queue,
        scheduleId=origin.schedule_id,
        callerIP=origin.caller_ip,
        notBefore=milliseconds(message.not_before),
        createdAt=milliseconds(message.created_at),
        maxRetries=instructions.retries,
        **_shown_instructions(instructions),
        **_body("body", "bodyBase64", instructions.redact.shown_body(message.body)),
    )


def shown_letter(letter: DeadLetter) -> View:
    answer = letter.answer
    return _present(
        **shown_message(letter.message),
        dlqId=letter.id,
        responseStatus=answer.status,
        responseHeader=answer.headers,
        **_body("responseBody", "responseBodyBase64", answer.body),
    )


def shown_entry(entry: LogEntry) -> View:
    message = entry.message
    instructions, origin = message.instructions, message.origin
    told = _shown_instructions(instructions)
    callback_headers = told.pop("callbackHeader", None)
    failure_headers = told.pop("failureCallbackHeader", None)
    expression = told.get("retryDelayExpression")
    body = instructions.redact.shown_body(message.body)
    return _present(
        time=milliseconds(entry.time),
        messageId=message.id,
        state=entry.state.value,
        error=entry.error,
        nextDeliveryTime=entry.next_delivery and milliseconds(entry.next_delivery),
        url=message.url,
        topicName=origin.url_group,
        endpointName=origin.endpoint,
        queueName=origin.queue,
        scheduleId=origin.schedule_id,
        body=_base64(body),
        responseStatus=entry.status,
        responseHeader=entry.headers,
        responseHeaders=entry.headers,
        responseBody=_base64(entry.body) if entry.body else None,
        timeout=instructions.timeout and instructions.timeout * 1_000,
        maxRetries=instructions.retries,
        callbackHeaders=callback_headers,
        failureCallbackHeaders=failure_headers,
        retryDelayExpr=expression,
        **told,
    )


def shown_schedule(schedule: QStashSchedule) -> View:
    instructions = schedule.instructions
    states = {m.id: _SCHEDULE_STATES.get(m.state, "IN_PROGRESS") for m in schedule.last}
    return _present(
        scheduleId=schedule.id,
        destination=schedule.destination,
        cron=schedule.times.text,
        createdAt=milliseconds(schedule.created_at),
        isPaused=schedule.paused,
        retries=instructions.retries,
        delay=instructions.delay or None,
        timeout=instructions.timeout,
        queueName=schedule.queue,
        callerIP=schedule.caller_ip,
        lastScheduleTime=schedule.last_at and milliseconds(schedule.last_at),
        nextScheduleTime=schedule.next_at and milliseconds(schedule.next_at),
        lastScheduleStates=states or None,
        error=schedule.error,
        **_shown_instructions(instructions),
        **_body("body", "bodyBase64", instructions.redact.shown_body(schedule.body)),
    )


def shown_key(key: FlowKey) -> View:
    """Limits that are none are 0, as clients expect."""
    limits = key.limits
    return {
        "flowControlKey": key.name,
        "waitListSize": len(key.waiting),
        "parallelismMax": limits.parallelism or 0,
        "parallelismCount": key.active,
        "rateMax": limits.rate.number if limits.rate else 0,
        "rateCount": key.rate_used(),
        "ratePeriod": limits.rate.period if limits.rate else 0,
        "ratePeriodStart": int(key.period_started),
        "isPaused": key.paused,
        "isPinnedParallelism": key.pinned_parallelism,
        "isPinnedRate": key.pinned_rate,
    }


def shown_queue(queue: QStashQueue) -> View:
    return {
        "name": queue.name,
        "createdAt": milliseconds(queue.created_at),
        "updatedAt": milliseconds(queue.updated_at),
        "parallelism": queue.parallelism,
        "paused": queue.paused,
        "lag": queue.lag,
    }


def shown_group(group: UrlGroup) -> View:
    return {
        "name": group.name,
        "createdAt": milliseconds(group.created_at),
        "updatedAt": milliseconds(group.updated_at),
        "endpoints": [_present(url=url, name=name) for url, name in group.endpoints.items()],
    }


def _shown_instructions(instructions: Instructions) -> View:
    callback, failure = instructions.callback, instructions.failure_callback
    limits = instructions.flow and instructions.flow[1]
    rate = limits and limits.rate
    shown = instructions.redact.shown_headers
    delay = instructions.retry_delay
    return _present(
        method=instructions.method,
        header=shown(instructions.headers),
        callback=callback and callback.url,
        callbackHeader=callback and shown(callback.instructions.headers),
        failureCallback=failure and failure.url,
        failureCallbackHeader=failure and shown(failure.instructions.headers),
        retryDelayExpression=delay and delay.text,
        flowControlKey=instructions.flow and instructions.flow[0],
        parallelism=limits and limits.parallelism,
        rate=rate and rate.number,
        period=rate and rate.period,
        label=instructions.labels[0] if instructions.labels else None,
        labels=list(instructions.labels) or None,
    )


def _body(text: str, binary: str, body: bytes) -> View:
    try:
        return {text: body.decode()}
    except UnicodeDecodeError:
        return {binary: _base64(body)}


def _base64(body: bytes) -> str:
    return base64.b64encode(body).decode()


def _present(**fields: Any) -> View:  # JSON
    return {name: value for name, value in fields.items() if value is not None}
