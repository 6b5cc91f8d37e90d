"""The browser of this machine. None is ever downloaded."""

from __future__ import annotations

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
MISSING = (
    "There is no Chromium here, in which the console could be opened. On Debian and Ubuntu this"
    " mends it: sudo apt-get install -y chromium. Or name one: CHROMIUM=/path/to/chromium make e2e"
)


class NoBrowser(Exception):
    """What to install."""


def executable() -> str:
    """
    Raises:
        NoBrowser: there is none, or not where CHROMIUM says.
    """
    given = os.environ.get("CHROMIUM")
    for name in (given,) if given else NAMES:
        if found := shutil.which(name):
            return found
    raise NoBrowser(f"CHROMIUM is {given}, which cannot be run." if given else MISSING)
