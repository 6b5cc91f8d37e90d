"""What the console's types are made from: prints the OpenAPI document's paths and shapes."""

from __future__ import annotations

import json
import sys

from docs.generate.routes import document


def text() -> str:
    """Without title and version, which a service may change and no type depends on."""
    there = document()
    return json.dumps({name: there[name] for name in ("openapi", "paths", "components")})


if __name__ == "__main__":
    sys.stdout.write(text())
