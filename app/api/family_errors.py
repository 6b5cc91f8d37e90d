"""What a family's code raises in a request and is no ``Exception``, such as ``sys.exit()`` in a
validator of its params: an answer like another, and no end of the process."""

from __future__ import annotations

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.answer_headers import shown_path
from app.api.problems import problem
from app.workflows.contract.exceptions import FamilyFailed, disposition
from app.workflows.failures.error_text import class_of, sentence_of_all
from app.workflows.failures.interruption import Interruption

log = structlog.get_logger("sluice.api")


class AuthorsCode:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def note(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        interruption = Interruption()
        try:
            await self._app(scope, receive, note)
        except Exception:
            raise
        except BaseException as error:
            if scope["type"] != "http" or begun or interruption.thrown_away(error):
                raise
            found = disposition(error)
            log.exception("request_failed", path=shown_path(scope))
            sentence = f"{class_of(found.error)}: {sentence_of_all(found)}"
            failed = FamilyFailed(f"The family's code raised {sentence}", error)
            await problem(Request(scope), failed)(scope, receive, send)
