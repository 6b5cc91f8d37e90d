"""A text as programs write it into one another: what a secret may look like in an error."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from urllib.parse import quote

ENCODINGS: Mapping[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "as JSON": json.dumps,
    "with slashes escaped": lambda text: text.replace("/", "\\/"),
    "each character as \\u": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    "hyphens as \\u": lambda text: text.replace("-", "\\u002d"),
    "each character as \\x": lambda text: "".join(f"\\x{ord(char):02x}" for char in text),
    "in a URL": lambda text: quote(text, safe=""),
    "in a URL within a URL": lambda text: quote(quote(text, safe=""), safe=""),
    "each character as %": lambda text: "".join(f"%{ord(char):02X}" for char in text),
    "in HTML": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "as base64": lambda text: b64encode(text.encode()).decode(),
    "within base64": lambda text: b64encode(f"user:{text}, and more".encode()).decode(),
    "within base64 for URLs": lambda text: urlsafe_b64encode(f"xx{text}".encode()).decode(),
    "as hexadecimal": lambda text: text.encode().hex(),
    "as Python writes it": repr,
    "as JSON within JSON": lambda text: json.dumps(json.dumps({"key": text})),
    "in a URL in JSON": lambda text: json.dumps({"at": f"?q={quote(text)}"}).replace("/", "\\/"),
}
