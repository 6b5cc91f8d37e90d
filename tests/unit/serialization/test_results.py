"""What is said of a result that is not of its family's type."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from app.workflows.contract.exceptions import Fatal
from app.workflows.serialization.codec import ValueCodec
from app.workflows.serialization.results import Results

MISFIT = "What execute returned does not fit the family's result type"


class Answer(BaseModel):
    title: str
    words: list[str]


UNLIKE: dict[str, Any] = {"title": 3, "words": ["hunter2, input_type=int])"]}


@pytest.mark.parametrize(
    ("annotation", "result", "told"),
    [
        (str, 3, ": it has int where str belongs."),
        (list[str], ["a", 3], ": it has int where str belongs."),
        (list[str], ("a",), ": it has tuple where list[str] belongs."),
        (Answer, {"title": "hunter2"}, ": it has dict where Answer belongs."),
        (
            Answer,
            Answer.model_construct(**UNLIKE),
            ": it has int in the field title where str belongs.",
        ),
        (int, "hunter2\n, input_type=set])", ": it has str where int belongs."),
        (tuple[int, str], (1,), "."),
    ],
)
def test_a_result_that_does_not_fit_is_refused_without_its_value(
    annotation: Any, result: Any, told: str
) -> None:
    with pytest.raises(Fatal) as refused:
        Results(annotation, ValueCodec()).keep(result)
    assert str(refused.value) == f"{MISFIT}{told}"
