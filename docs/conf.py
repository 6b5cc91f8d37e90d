"""How Sphinx builds the documentation: ``make docs``.

The source folder is that of the repository, not ``docs``, so that a link from a page to the README
or to a file of the code is the same link on a git host and in the site.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

project = "Sluice"
author = "the Sluice contributors"
project_copyright = author
version = release = "0.1.0"

extensions = ["myst_parser", "docs.site"]
root_doc = "docs/index"
include_patterns = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "docs/**.md"]
exclude_patterns = [".*", "docs/_build", "console", "node_modules", "**/__pycache__"]

myst_heading_anchors = 4
myst_enable_extensions: list[str] = []
nitpicky = True
suppress_warnings = ["misc.highlighting_failure"]  # our console blocks hold what is printed, too

html_theme = "furo"
html_title = "Sluice"
html_extra_path = ["front"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_use_index = False
html_last_updated_fmt = None
html_theme_options: dict[str, object] = {"footer_icons": []}
