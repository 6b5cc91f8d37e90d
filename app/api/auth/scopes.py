"""Which scope a call needs: decided at the door, for every route there is and will be.

Who looks needs ``read``, and who does anything else needs ``run``. What differs stands in
``EXCEPTIONS``, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.routing import compile_path

from app.errors import Forbidden
from app.tokens import Scope, Token

LOOKING = frozenset({"GET", "HEAD", "OPTIONS"})
EXCEPTIONS = (
    ("POST", "/api/runs/{run_id}/approve", (Scope.APPROVE,)),
    # The route asks once more, by what the run waits for.
    ("POST", "/api/runs/{run_id}/resume", (Scope.RUN, Scope.APPROVE)),
    ("POST", "/api/runs/{run_id}/item/resume", (Scope.APPROVE,)),
    ("POST", "/api/runs/{run_id}/items/{item_id}/resume", (Scope.APPROVE,)),
    # Whoever has such a link may answer in its maker's place.
    ("POST", "/api/runs/{run_id}/item/link", (Scope.APPROVE,)),
    ("POST", "/api/runs/{run_id}/items/{item_id}/link", (Scope.APPROVE,)),
    ("POST", "/api/cron/{path:path}", (Scope.CRON, Scope.RUN)),
    ("POST", "/api/qstash/tick", (Scope.CRON, Scope.RUN)),
    ("POST", "/api/events", (Scope.EVENT, Scope.RUN)),
)
"""Of several scopes any one opens the door."""
IMPLIED = {Scope.RUN: Scope.READ, Scope.APPROVE: Scope.READ}


@dataclass(frozen=True, slots=True)
class Principal:
    """What the caller's token is for. ``scopes``: as it was configured."""

    token: str
    scopes: frozenset[Scope]

    @classmethod
    def of(cls, token: Token) -> Principal:
        return cls(token.name, token.scopes)

    def require(self, *any_of: Scope) -> None:
        """
        Raises:
            Forbidden: the token has none of these scopes.
        """
        if self._all.isdisjoint(any_of):
            has = [scope for scope in Scope if scope in self.scopes]
            raise Forbidden(
                f"This call needs a token with the scope {' or '.join(any_of)}. The token"
                f" {self.token} has {' and '.join(has)}.",
                more={"needs": list(any_of), "has": has},
            )

    @property
    def _all(self) -> frozenset[Scope]:
        return self.scopes.union(IMPLIED[scope] for scope in self.scopes if scope in IMPLIED)


class ScopePolicy:
    """
    Args:
        dry: paths to which a POST may be a dry run, which writes nothing. Their routes ask for
            ``run`` once more when it is none.
    """

    def __init__(self, dry: Iterable[str]) -> None:
        previews = [("POST", path, (Scope.READ, Scope.RUN)) for path in dry]
        self._exceptions = [
            (method, compile_path(path)[0], any_of)
            for method, path, any_of in (*EXCEPTIONS, *previews)
        ]

    def needed(self, method: str, path: str) -> tuple[Scope, ...]:
        """Scopes of which a caller needs one."""
        for one, pattern, any_of in self._exceptions:
            if one == method and pattern.match(path):
                return any_of
        return (Scope.READ,) if method in LOOKING else (Scope.RUN,)

    def tell(self, document: dict[str, Any]) -> dict[str, Any]:  # OpenAPI's JSON
        """Write beside each operation that takes a token which scopes open it."""
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                for scheme in {name for one in operation.get("security", ()) for name in one}:
                    needed = self.needed(method.upper(), path)
                    operation["security"] = [{scheme: [scope]} for scope in needed]
        return document
