"""The ``sluice`` command of a service that has more families than the template.

Run as ``python -m tests.support.processes.with_families FOLDER …``: the folder's files are
families, and the rest is what ``sluice`` is given.
"""

from __future__ import annotations

import sys

from app.cli import main
from app.workflows import families

if __name__ == "__main__":
    families.__path__.append(sys.argv.pop(1))
    main()
