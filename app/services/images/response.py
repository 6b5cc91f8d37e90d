"""Reads the reply of an images endpoint: one image, or why there is none that can be used."""

from __future__ import annotations

import base64
import binascii
from io import BytesIO

from PIL import Image
from pydantic import BaseModel, Field

from app.errors import full_stop
from app.services.errors import LlmRefused, LlmReplyInvalid
from app.services.http.responses import read_shape
from app.services.images.painter import SUFFIXES, Painted

MAX_BODY_BYTES = 20_000_000
MAX_PIXELS = 4_096 * 4_096
FORMATS = ("PNG", "JPEG", "WEBP")


class ReplyImage(BaseModel):
    b64_json: str | None = None
    url: str | None = None


class Images(BaseModel):
    """The part that we read of the reply to ``POST /images/generations``."""

    data: list[ReplyImage] = Field(min_length=1)


def read_image(body: str) -> Painted:
    """The image that the reply holds. Takes some 100 ms for a large one, so it needs a thread."""
    image = read_shape(body, Images).data[0]
    if image.b64_json:
        return opened(_decoded(image.b64_json))
    if image.url:
        # An address that somebody else chose: fetching it would reach into our own network.
        raise LlmRefused(
            "The images endpoint answers with a URL, and Sluice fetches none. Choose an IMAGE_MODEL"
            " that answers with the image itself (b64_json).",
            answered=200,
            systemic=True,
        )
    raise LlmReplyInvalid("The reply has no image.", text=body)


def opened(data: bytes) -> Painted:
    """``data`` as an image of a kind that we know, read to its end so that it is known to be whole.

    Raises LlmReplyInvalid for anything else.
    """
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise LlmReplyInvalid(f"The image has more than {MAX_PIXELS:,} pixels.", text="")
            media_type = Image.MIME[str(image.format)]
            image.load()
    except (OSError, ValueError, SyntaxError, *_TOO_LARGE) as error:
        raise LlmReplyInvalid(
            f"The reply's image is none of {', '.join(SUFFIXES)}, or not whole.", text=""
        ) from error
    return Painted(data, media_type, image.width, image.height)


# Pillow raises the one beyond some 180 million pixels, and warns with the other from half of that.
_TOO_LARGE = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise LlmReplyInvalid(
            f"The image is not base64: {full_stop(str(error))}", text=text
        ) from None
