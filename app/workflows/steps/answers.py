"""Giving suspended items what they wait for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.engine import Engine
from app.errors import BadInput, Conflict, field_errors, first_of
from app.store.database import reading
from app.store.items import items
from app.store.runs import events, runs
from app.store.statuses import EventKind, ItemStatus, StepStatus
from app.store.steps import questions, steps, suspension
from app.store.steps.questions import SuspendedStep
from app.workflows.messages import of_woken
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.serialization.codec import NotSerialisable

MOST_NAMED = 20
"""Steps that an item may wait for at once, and a refusal still names."""


@dataclass(frozen=True, slots=True)
class AnswerService:
    database: AsyncEngine
    engine: Engine
    families: Mapping[str, BoundFamily]

    async def question(
        self, run_id: str, item_id: str, path: Sequence[str] | None
    ) -> SuspendedStep:
        """The waiting step of an item, by its path; None: the only one that waits.

        Raises:
            NotFound: no such run or item.
            Conflict: it does not wait for anything, or for nothing of that name.
            BadInput: it waits for several, and none was named.
        """
        async with reading(self.database) as connection:
            await runs.get(connection, run_id)
            item = await items.get(connection, run_id, item_id)
            found = await questions.waiting(connection, run_id, item_id=item_id, limit=MOST_NAMED)
        if path is not None:
            for question in found:
                if question.path == tuple(path):
                    return question
        waits = ", ".join(shown(question.path) for question in found)
        if not found:
            raise Conflict(
                f"Item {item_id!r} of run {run_id} waits for no answer: it is {item.status}.",
                more={"itemStatus": item.status},
            )
        if path is not None:
            raise Conflict(
                f"Item {item_id!r} does not wait at step {shown(path)}, but at {waits}.",
                field="step",
            )
        if len(found) > 1:
            raise BadInput(f"Item {item_id!r} waits at {waits}. Say which: step.", field="step")
        return found[0]

    async def answer(self, question: SuspendedStep, data: object, *, by: str) -> None:
        """
        Raises:
            BadInput: it is not what the step waits for; ``more`` has the schema's errors.
            Conflict: somebody else was faster.
        """
        place = (question.step.run_id, question.step.item_id)
        text = self._read(question, data)
        async with self.database.begin() as tx:
            status = (await suspension.lock(tx, [place])).get(place)
            if status not in (ItemStatus.SUSPENDED, ItemStatus.PENDING) or not await steps.answer(
                tx, question.id, StepStatus.SUSPENDED, text, by
            ):
                raise Conflict(
                    f"Step {shown(question.path)} of item {question.item_id!r} does not wait any"
                    " more: it was answered, its time was over, or the item was cancelled."
                )
            woken = await suspension.go_on(tx, [place])
            await self._tell(tx, question, by)
            await self.engine.publish(tx, of_woken(woken))

    async def _tell(self, tx: AsyncConnection, question: SuspendedStep, by: str) -> None:
        # The run's row behind the item's, and before messages, as who counts outcomes locks them.
        run_id = question.step.run_id
        await runs.lock(tx, run_id)
        data = {"itemId": question.step.item_id, "step": question.step.name}
        await events.append(tx, run_id, EventKind.ANSWERED, who=by, data=data)

    def _read(self, question: SuspendedStep, data: object) -> str:
        """As the step will read it."""
        bound = self.families.get(question.family)
        if bound is None:
            raise Conflict(f"{question.family} is a family that is not here any more.")
        expects = question.step.expects
        value: object = data
        if expects is not None and "class" in expects:
            kind = bound.values.find(expects["class"])
            if kind is None or not issubclass(kind, BaseModel):
                raise Conflict(
                    f"The step waits for a {expects['class']}, which is not here any more."
                )
            value = _validated(kind, data)
        try:
            return bound.values.dump(value, "data")
        except NotSerialisable as error:
            raise BadInput(str(error), field="data") from None


def _validated(kind: type[BaseModel], data: object) -> BaseModel:
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        faults = field_errors(error, "data")
        raise BadInput(first_of(faults), more={"errors": faults}) from None


def shown(path: Sequence[str]) -> str:
    return " → ".join(repr(name) for name in path)
