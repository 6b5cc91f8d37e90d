"""``no-flow-limit``: an item's code calls out, and nothing says how often.

What calls out is told by the code alone, and only where there is no doubt: ``ctx.call``,
``ctx.services.http``, a client of a well-known library, and ``ctx.service(Kind)`` where the module
of ``Kind``, or another one of its folder below ``app/services/``, imports such a library.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from app.workflows.checks.family_code import FamilyCode, Function, SourceModule
from app.workflows.checks.findings import Findings, Place, Rule

OF_AN_ITEM = ("load", "execute", "save")
"""The methods that count under the flow key of ``execute``."""
LIBRARIES = frozenset(
    {
        *("aiobotocore", "aiohttp", "aiosmtplib", "anthropic", "boto3", "botocore", "grpc"),
        *("httpx", "httpx2", "openai", "requests", "smtplib", "urllib3"),
    }
)
_VERBS = ("delete", "get", "head", "options", "patch", "post", "put", "request", "stream")
_LIKE_HTTPX = ("AsyncClient", "Client", *_VERBS)
CALLS = frozenset(
    {
        *(f"{library}.{name}" for library in ("httpx", "httpx2") for name in _LIKE_HTTPX),
        *(f"requests.{name}" for name in ("Session", "session", *_VERBS)),
        *("aiohttp.ClientSession", "aiohttp.request", "urllib3.PoolManager", "urllib3.request"),
        *("http.client.HTTPConnection", "http.client.HTTPSConnection", "urllib.request.urlopen"),
        *("smtplib.SMTP", "smtplib.SMTP_SSL", "aiosmtplib.SMTP", "aiosmtplib.send"),
        *("boto3.client", "boto3.resource", "boto3.Session", "boto3.session.Session"),
        *("openai.OpenAI", "openai.AsyncOpenAI"),
        *("anthropic.Anthropic", "anthropic.AsyncAnthropic"),
    }
)
"""What opens a connection, or will: a type or a helper of the same library does not."""
SERVICES = "app.services."


def check_flow_limit(code: FamilyCode, findings: Findings) -> None:
    if not code.family.flow.execute.open:
        return
    for source, function in code.reached_from(OF_AN_ITEM):
        for node, what in _calls_out(source, function):
            findings.warning(
                Rule.NO_FLOW_LIMIT,
                Place(source.file, node.lineno),
                f"{what} goes over the network, and nothing limits how many items do so at once."
                " Declare it, as in flow = Flow(execute=FlowControl(parallelism=10, rate=50)).",
            )
            return  # one place is enough to look at


def _calls_out(source: SourceModule, function: Function) -> Iterator[tuple[ast.expr, str]]:
    contexts = {"ctx", *_contexts(source, function)}
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="call")):
                if name in contexts:
                    yield node, f"{name}.call()"
            case ast.Attribute(
                value=ast.Attribute(value=ast.Name(id=name), attr="services"), attr="http"
            ):
                if name in contexts:
                    yield node, f"{name}.services.http"
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="service"), args=[kind]):
                if name in contexts and _is_remote(source.dotted(kind)):
                    yield node, f"{name}.service({ast.unparse(kind)})"
            case ast.Call(func=called):
                if (dotted := source.dotted(called)) in CALLS:
                    yield node, f"{dotted}()"


def _contexts(source: SourceModule, function: Function) -> Iterator[str]:
    """Names of arguments that are a ``Context``."""
    for given in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
        if given.annotation is not None and source.dotted(given.annotation).endswith(".Context"):
            yield given.arg


def _is_remote(kind: str) -> bool:
    """Whether the service of this type, named with dots, goes over the network."""
    module = kind.rpartition(".")[0]
    spec = importlib.util.find_spec(module) if module else None
    if spec is None or spec.origin is None:
        return False
    file = Path(spec.origin)
    own_folder = module.startswith(SERVICES) and "." in module.removeprefix(SERVICES)
    files = sorted(file.parent.glob("*.py")) if own_folder else [file]
    return any(_imports_a_client(one) for one in files)


def _imports_a_client(file: Path) -> bool:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.Import(names=names):
                found = {one.name.partition(".")[0] for one in names}
            case ast.ImportFrom(module=str(module), level=0):
                found = {module.partition(".")[0]}
            case _:
                continue
        if found & LIBRARIES:
            return True
    return False
