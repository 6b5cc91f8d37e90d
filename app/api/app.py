"""The ASGI application: every route, behind one door."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute

from app import __version__
from app.api import problem_answers, problems
from app.api.allowed_methods import HeadAsGet
from app.api.answer_headers import AnswerHeaders
from app.api.auth.middleware import AuthMiddleware
from app.api.auth.scopes import ScopePolicy
from app.api.auth.tokens import TokenRegistry
from app.api.batches import batches
from app.api.events import events as events_api
from app.api.events import webhooks
from app.api.family_errors import AuthorsCode
from app.api.metrics.page import MetricsMiddleware
from app.api.operations import (
    audit,
    backfills,
    coverage,
    files,
    flow_control,
    forget,
    health,
    notifications,
    overview,
    questions,
    schedules,
    tick,
)
from app.api.operations import families as families_api
from app.api.pages import answer, session
from app.api.pages.console import STATIC, console_router
from app.api.qstash.outbox_sent import OutboxSent
from app.api.qstash.signed_route import signed_route
from app.api.root_path import UnderPath
from app.api.runs import (
    actions,
    events,
    export,
    failures,
    history,
    item_output,
    layers,
    suspended_items,
)
from app.api.runs import items as items_api
from app.api.runs import runs as runs_api
from app.api.traces.trace_context import ContinuedTrace
from app.api.workflows import every_route_of, family_router, item_lists, unknown_router
from app.api.workflows.cron import cron_router
from app.tokens import Token
from app.workflows.contract.job_family import AnyFamily

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def build_app(
    families: Sequence[AnyFamily],
    tokens: Sequence[Token],
    *,
    lifespan: Lifespan,
    console: Path = STATIC,
    root_path: str = "",
    routes: Sequence[BaseRoute] | None = None,
) -> FastAPI:
    """
    Args:
        lifespan: must set ``app.state.api`` to an ``ApiState``.
        root_path: under which a proxy serves all of this; "": at the root.
        routes: ``family_routes`` and ``common_routes``, where many apps share them.
    """
    app = FastAPI(
        title="Sluice",
        summary="Batch jobs: dry run, paging, fan-out, one execution per item, flow control.",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,  # these pages would load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # it would lead to whatever the caller named as Host
    )
    # Set by whoever serves the app, before it waits for what is under way: streams end with it.
    app.state.stopping = asyncio.Event()
    app.state.tokens = TokenRegistry(tokens)
    app.state.wrong_tries = session.WrongTries()
    problems.install(app)
    paths = [every_route_of(family) for family in families]
    dry = [of[name] for of in paths for name in ("process", "execute", "sample")]
    policy = ScopePolicy([*dry, backfills.PATH])
    app.add_middleware(AuthorsCode)
    app.add_middleware(ContinuedTrace)
    app.add_middleware(AuthMiddleware, tokens=app.state.tokens, policy=policy)
    app.add_middleware(OutboxSent)
    app.add_middleware(MetricsMiddleware)
    app.add_middleware(AnswerHeaders)
    app.add_middleware(HeadAsGet)
    if root_path:
        app.add_middleware(UnderPath, root=root_path)
    plain = app.openapi
    app.openapi = lambda: problem_answers.tell(policy.tell(plain()))  # type: ignore[method-assign]  # FastAPI's own way
    if routes is None:
        routes = [*family_routes(families), *common_routes(console, root_path)]
    app.router.routes.extend(routes)
    return app


def family_routes(families: Sequence[AnyFamily]) -> list[BaseRoute]:
    """What is there for each family. Like ``common_routes``, they hold nothing of one service."""
    router = APIRouter()
    router.routes.append(signed_route())
    for family in families:
        router.include_router(family_router(family))
    router.include_router(cron_router(families))
    return router.routes


def common_routes(console: Path = STATIC, root_path: str = "") -> list[BaseRoute]:
    """What is there whatever the families are."""
    router = APIRouter()
    router.include_router(unknown_router())
    router.include_router(families_api.router)
    router.include_router(coverage.router)
    router.include_router(forget.router)
    for runs_router in (
        runs_api, actions, failures, export, history, layers, events,
        suspended_items, item_output, items_api,
    ):  # fmt: skip
        router.include_router(runs_router.router)
    router.include_router(answer.router)
    router.include_router(item_lists.router)
    router.include_router(backfills.router)
    router.include_router(schedules.router)
    router.include_router(notifications.router)
    router.include_router(events_api.router)
    router.include_router(batches.router)
    router.include_router(webhooks.router)
    router.include_router(flow_control.router)
    router.include_router(questions.router)
    router.include_router(audit.router)
    router.include_router(overview.router)
    router.include_router(files.router)
    router.include_router(session.router)
    router.include_router(tick.router)
    router.include_router(health.router)
    router.include_router(console_router(console, root_path))
    return router.routes
