"""What callers send about schedules, and how a schedule is shown."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Self
from zoneinfo import ZoneInfoNotFoundError

from pydantic import Field, model_validator

from app.schemas.base import Answer, Body, GivenNote, View, require_one_of
from app.store.statuses import FireResult, Origin, RunStatus
from app.workflows.contract.cron import CatchUp
from app.workflows.contract.run_options import ScheduleOptions
from app.workflows.schedules.fire_times import coming, fire_times, in_words

if TYPE_CHECKING:
    from app.store.tables.schedules import Schedule

SHOWN_FIRE_TIMES = 5
Text = Annotated[str, Field(max_length=1_000)]
Params = dict[str, Any]  # as the family declares them


class NewSchedule(Body):
    family: Text
    expression: Text = Field(description="five fields, such as `0 3 * * *`")
    tz: Text = Field("UTC", description="a name of the IANA database, such as Europe/Berlin")
    name: Text | None = Field(None, description="kebab-case, and no other's; null: its id")
    params: Params = Field({}, description="the family's; what is left out is as it says then")
    options: ScheduleOptions = ScheduleOptions()
    catch_up: CatchUp = Field(
        CatchUp.ONE, description="what was missed while nothing ran makes one run, or none"
    )
    note: GivenNote = None

    def values(self) -> dict[str, Any]:  # of columns
        fields = type(self).model_fields.keys() - {"family", "note"}
        given = {name: getattr(self, name) for name in fields}
        return {name: value for name, value in given.items() if value is not None}


class ChangedSchedule(Body):
    """Names one field at least. What is left out stays as it is; ``params`` and ``options`` are
    replaced as a whole."""

    expression: Text = ""
    tz: Text = ""
    name: Text = ""
    params: Params = Field(default_factory=dict)
    options: ScheduleOptions = ScheduleOptions()
    catch_up: CatchUp = CatchUp.ONE
    note: GivenNote = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        fields = [name for name in type(self).model_fields if name != "note"]
        require_one_of(self, fields, "what is left out stays as it is")
        return self

    def values(self) -> dict[str, Any]:  # of columns
        return {name: getattr(self, name) for name in self.model_fields_set - {"note"}}


class LastFireView(View):
    fire_time: datetime
    result: FireResult
    detail: str | None


class ScheduleLastRunView(View):
    id: str
    status: RunStatus | None = Field(description="null: it was pruned")


class ScheduleView(View):
    id: str
    name: str
    family: str
    expression: str
    words: str | None = Field(description="the same in plain words")
    tz: str
    params: Params
    options: ScheduleOptions
    catch_up: CatchUp
    origin: Origin
    declared: bool = Field(description="false: the code has it no more, and it never fires")
    orphaned: bool = Field(
        description="true: its family is not here any more; it never fires, and may be deleted"
    )
    paused: bool
    next_at: datetime | None = Field(
        description="null: paused, not declared any more, or its family is not here"
    )
    next_fire_times: list[datetime] = Field(description="five, with `nextAt`")
    refused: str | None = Field(
        description="why its family's code, as it is now, takes no run of it; null: it takes one"
    )
    last: LastFireView | None = Field(description="what came of the last fire time")
    last_run: ScheduleLastRunView | None = Field(description="the last that it started")
    created_by: str
    created_at: datetime
    changed_by: str
    changed_at: datetime

    @classmethod
    def of(
        cls, schedule: Schedule, status: RunStatus | None, *, orphaned: bool, refused: str | None
    ) -> Self:
        """``status``: of the last run."""
        last, last_run = None, None
        if schedule.last_fired_at is not None and schedule.last_result is not None:
            last = LastFireView(
                fire_time=schedule.last_fired_at,
                result=FireResult(schedule.last_result),
                detail=schedule.last_detail,
            )
        if schedule.last_run_id is not None:
            last_run = ScheduleLastRunView(id=schedule.last_run_id, status=status)
        return cls(
            **schedule.model_dump(
                include={
                    "id", "name", "family", "expression", "tz", "params", "declared", "paused",
                    "created_by", "created_at", "changed_by", "changed_at",
                }
            ),
            words=in_words(schedule.expression),
            options=ScheduleOptions.model_validate(schedule.options),
            catch_up=CatchUp(schedule.catch_up),
            origin=Origin(schedule.origin),
            orphaned=orphaned,
            next_at=None if orphaned else schedule.next_at,
            next_fire_times=[] if orphaned else _coming(schedule),
            refused=refused,
            last=last,
            last_run=last_run,
        )  # fmt: skip


def _coming(schedule: Schedule) -> list[datetime]:
    if schedule.next_at is None:
        return []
    try:
        return coming(schedule.expression, schedule.tz, schedule.next_at, SHOWN_FIRE_TIMES)
    except ZoneInfoNotFoundError:  # of another machine's database of zones
        return [schedule.next_at]


class ScheduleAnswer(Answer):
    schedule: ScheduleView


class SchedulesAnswer(Answer):
    schedules: list[ScheduleView]
    next_cursor: str | None


class FireTimesAnswer(Answer):
    expression: str
    tz: str
    words: str | None = Field(description="the same in plain words")
    next_fire_times: list[datetime] = Field(description="five, from now on")

    @classmethod
    def of(cls, expression: str, tz: str) -> Self:
        """Both must have been checked."""
        times = fire_times(expression, tz, datetime.now(UTC))
        return cls(
            expression=expression,
            tz=tz,
            words=in_words(expression),
            next_fire_times=list(islice(times, SHOWN_FIRE_TIMES)),
        )


class RemovedAnswer(Answer):
    removed: str
