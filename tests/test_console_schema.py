"""The console's types are those of the API as it is."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from docs.generate import openapi

TYPES = Path(__file__).parents[1] / "console/src/api/schema.d.ts"


def test_the_consoles_types_were_made_from_the_openapi_document_as_it_is() -> None:
    found = re.search(r"^// OpenAPI document: (\w+)$", TYPES.read_text(), re.MULTILINE)
    mark = hashlib.sha256(openapi.text().encode()).hexdigest()
    assert found is not None
    assert found[1] == mark, "make them anew: cd console && npm run schema"
