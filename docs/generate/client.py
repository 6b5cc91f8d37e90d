"""The clients: ``WorkflowClient`` and what it gives, and the package ``sluice``."""

from __future__ import annotations

import inspect

from app.workflows.client import DryRun, ItemResult, RunHandle, RunNotSucceeded
from app.workflows.runs.run_items import StreamChunk
from app.workflows.samples.service import SampleResult
from app.workflows.samples.tally import SampleTally
from app.workflows.typed.dry_run import ItemPreview
from app.workflows.typed.family_client import FamilyClient
from app.workflows.typed.family_previews import FamilyPreviews
from docs.generate.markdown import code, prose, table
from docs.generate.source import Method, as_markdown, attributes, methods
from sluice import client as over_http
from sluice.async_previews import AsyncPreviews

OF_CODE = (FamilyClient, FamilyPreviews, RunHandle)
OVER_HTTP = (
    over_http.AsyncSluiceClient,
    over_http.AsyncFamily,
    AsyncPreviews,
    over_http.AsyncRun,
)
_ERRORS = (
    over_http.NotConfigured,
    over_http.NotReached,
    over_http.CallRefused,
    over_http.RunNotSucceeded,
)
_READ = (
    over_http.DryRun,
    over_http.Estimate,
    over_http.RunState,
    over_http.Finish,
    over_http.Actual,
    over_http.Throttled,
    over_http.Parent,
    over_http.Item,
    over_http.Preview,
    over_http.Sample,
    over_http.SampleOutcomes,
    over_http.SampleGroup,
    over_http.SampleStop,
    over_http.ResultDiff,
    over_http.Budget,
    over_http.NewEvent,
    over_http.SentEvent,
    over_http.AskedItem,
    over_http.Event,
    over_http.Chunk,
    over_http.RunOptions,
)


def client() -> str:
    return "".join(
        [
            "## Within this repository\n\n",
            *(_acting(cls) for cls in OF_CODE),
            *(
                _told(cls, f"{cls.__name__} (within)")
                for cls in (DryRun, ItemPreview, SampleResult, SampleTally, ItemResult, StreamChunk)
            ),
            _error(RunNotSucceeded, "RunNotSucceeded (within)"),
            "## Over HTTP\n\n`SluiceClient`, `Family` and `Run` are the same without `async`.\n\n",
            *(_acting(cls) for cls in OVER_HTTP),
            "## What it reads\n\n",
            *(_told(cls, cls.__name__) for cls in _READ),
            "## What it may raise\n\n",
            *(_error(cls, cls.__name__) for cls in _ERRORS),
        ]
    )


def _acting(cls: type) -> str:
    found = "".join(_method(cls, one) for one in methods(cls) if one.name != "aclose")
    return f"### {cls.__name__}\n\n{as_markdown(inspect.getdoc(cls) or '')}\n\n{found}"


def _method(cls: type, one: Method) -> str:
    heading = f"#### {cls.__name__}.{one.name}"
    return f"{heading}\n\n```python\n{one.signature}\n```\n\n{as_markdown(one.text)}\n\n"


def _told(cls: type, heading: str) -> str:
    fields = [[code(one.name), code(one.annotation)] for one in attributes(cls)]
    fields += [
        [code(one.name), code(one.signature.rpartition(" -> ")[2])]
        for one in methods(cls)
        if one.is_property
    ]
    text = prose(inspect.getdoc(cls) or "")
    return f"### {heading}\n\n{text}\n\n{table(['name', 'type'], fields)}"


def _error(cls: type, heading: str) -> str:
    return f"### {heading}\n\n{as_markdown(inspect.getdoc(cls) or '')}\n\n"
