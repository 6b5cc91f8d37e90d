"""What our pages need beside MyST: an extension of Sphinx.

On a git host the same pages are read as they are. So what only the site has stands in them as
ordinary links and comments, and is turned into what Sphinx needs here, before it reads a page.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypedDict

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from docs.generate import PARTS

LISTS = ("docs/index", "docs/decisions/README")
"""Pages whose links are the table of contents."""
GENERATED = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_LISTED = re.compile(r"^(?:- |\| )\[[^\]]+\]\(([^)#]+)\.md\)", re.MULTILINE)
_MERMAID = re.compile(r"^```mermaid\n.*?^```$", re.MULTILINE | re.DOTALL)


class Metadata(TypedDict):
    version: str
    parallel_read_safe: bool


def prepare(_: Sphinx, docname: str, source: list[str]) -> None:
    """Sphinx's ``source-read``: ``source`` holds the page's text, and takes it."""
    text = GENERATED.sub(lambda found: PARTS[found[1]](), source[0])
    if docname in LISTS:
        text += contents(text)
    source[0] = _MERMAID.sub("![The three layers](docs/images/layers.svg)", text)


def contents(text: str) -> str:
    """Hidden tables of contents, one for each section: what its list or table begins lines with."""
    parts = []
    for section in re.split(r"(?m)^(?=## )", text):
        title = _HEADING.match(section)
        if pages := _LISTED.findall(section):
            caption = [f":caption: {title[1]}"] if title else []
            parts.append("\n".join(["```{toctree}", ":hidden:", *caption, "", *pages, "```"]))
    return "\n\n" + "\n\n".join(parts) + "\n"


def written_from_code(_: Sphinx, env: BuildEnvironment, *_changed: set[str]) -> list[str]:
    """Sphinx's ``env-get-outdated``: what the code may have changed, whatever the page's date."""
    return [name for name in env.found_docs if name.startswith("docs/reference/")]


def setup(app: Sphinx) -> Metadata:
    app.connect("source-read", prepare)
    app.connect("env-get-outdated", written_from_code)
    return {"version": "1", "parallel_read_safe": True}


def generated_parts(folder: Path) -> list[str]:
    """The names that the pages of this folder ask for."""
    return [
        name
        for page in sorted(folder.rglob("*.md"))
        for name in GENERATED.findall(page.read_text())
    ]
