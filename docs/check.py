"""Looks through the site that was built: every link within it leads somewhere, and nothing is
loaded from elsewhere. ``python -m docs.check FOLDER``; nothing is fetched."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}
"""Tags whose address the browser fetches by itself."""


@dataclass
class _Page(HTMLParser):
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.add(given["id"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if given.get(LOADED.get(tag, "")):
            self.loads.append(given[LOADED[tag]])


def faults(folder: Path) -> Iterator[str]:
    """A sentence for each."""
    pages = {file: _read(file) for file in sorted(folder.rglob("*.html"))}
    if not pages:
        yield f"There is no page in {folder}."
    for file, page in pages.items():
        name = file.relative_to(folder)
        for address in page.loads:
            if urlsplit(address).netloc:
                yield f"{name} loads {address}, which is elsewhere."
        for address in [*page.links, *page.loads]:
            if (target := _within(file, address)) is None:
                continue
            to, anchor = target
            if not to.exists():
                yield f"{name} links to {address}, which is not there."
            elif anchor and to in pages and anchor not in pages[to].ids:
                yield f"{name} links to {address}, but there is no such place in it."


def _read(file: Path) -> _Page:
    page = _Page()
    page.feed(file.read_text("utf-8"))
    return page


def _within(file: Path, address: str) -> tuple[Path, str] | None:
    """The file and the anchor; None: it leads out of the site."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return None
    to = file if not parts.path else (file.parent / unquote(parts.path)).resolve()
    return to / "index.html" if to.is_dir() else to, unquote(parts.fragment)


def main(folder: Path) -> int:
    found = list(faults(folder.resolve()))
    for fault in found:
        sys.stderr.write(f"{fault}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
