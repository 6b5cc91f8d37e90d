"""What an event may be called."""

from __future__ import annotations

import re

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}")
NAME_FORM = "1 to 200 letters, digits and . _ : / -, the first a letter or a digit"
