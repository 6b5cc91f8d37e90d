"""Draws a landscape.

Colours and shapes follow from a SHA-256 of the prompt alone, so the same prompt gets the same
bytes, as long as Pillow stays the same.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from itertools import count, pairwise

from PIL import Image, ImageDraw

FINER = 2
"""Drawn so many times as large and then made smaller, which smooths the edges."""
HILLS = 5
SPARKS = 14

Colour = tuple[int, int, int]


def drawn(prompt: str, width: int, height: int) -> bytes:
    """A sky, a sun, sparks and hills, as PNG."""
    number = numbers(prompt)
    hue = next(number)
    canvas = _sky(hue, number, (width * FINER, height * FINER))
    pen = ImageDraw.Draw(canvas, "RGBA")  # RGBA: what is drawn lets the ground shine through
    _draw_sparks(pen, number, canvas.size)
    _draw_sun(pen, number, canvas.size)
    _draw_hills(pen, hue, number, canvas.size)
    file = BytesIO()
    canvas.reduce(FINER).save(file, "PNG")
    return file.getvalue()


def numbers(prompt: str) -> Iterator[float]:
    """Numbers from 0 to 1, without end, that the SHA-256 of ``prompt`` decides."""
    digest = sha256(prompt.encode(errors="replace")).digest()
    for block in count():
        more = sha256(digest + block.to_bytes(8, "big")).digest()
        for high, low in list(pairwise(more))[::2]:
            yield (high * 256 + low) / 65_535


def _colour(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _sky(hue: float, number: Iterator[float], size: tuple[int, int]) -> Image.Image:
    corners = Image.new("RGB", (2, 2))
    for x, y in ((0, 0), (1, 0), (0, 1), (1, 1)):
        # Light below and deep above, with hues that are neighbours.
        shade = (0.55, 0.75) if y == 0 else (0.25, 0.98)
        corners.putpixel((x, y), _colour(hue + 0.16 * (next(number) - 0.5) + 0.1 * y, *shade))
    return corners.resize(size, Image.Resampling.BICUBIC)


def _draw_sun(pen: ImageDraw.ImageDraw, number: Iterator[float], size: tuple[int, int]) -> None:
    x, y = size[0] * (0.2 + 0.6 * next(number)), size[1] * (0.15 + 0.3 * next(number))
    radius = min(size) * (0.07 + 0.07 * next(number))
    colour = _colour(0.02 + 0.14 * next(number), 0.3, 1.0)
    for glow in (3.4, 2.6, 1.9, 1.4):
        _draw_disc(pen, (x, y), radius * glow, (*colour, 26))
    _draw_disc(pen, (x, y), radius, (*colour, 245))


def _draw_sparks(pen: ImageDraw.ImageDraw, number: Iterator[float], size: tuple[int, int]) -> None:
    for _ in range(SPARKS):
        at = size[0] * next(number), size[1] * 0.6 * next(number)
        _draw_disc(pen, at, min(size) * (0.002 + 0.006 * next(number)), (255, 255, 255, 150))


def _draw_hills(
    pen: ImageDraw.ImageDraw, hue: float, number: Iterator[float], size: tuple[int, int]
) -> None:
    width, height = size
    for hill in range(HILLS):
        near = hill / (HILLS - 1)
        top = height * (0.5 + 0.38 * near + 0.06 * (next(number) - 0.5))
        long, short = height * (0.05 + 0.06 * next(number)), height * 0.025 * next(number)
        phase, waves = math.tau * next(number), 0.7 + 1.3 * next(number)
        ridge: list[tuple[int, int]] = []
        for x in range(0, width + FINER, FINER):
            turn = math.tau * waves * x / width + phase
            # Whole pixels: the last digits of a sine are not the same on every machine.
            ridge.append((x, round(top + long * math.sin(turn) + short * math.sin(3.3 * turn))))
        colour = _colour(hue + 0.08 * near, 0.35 + 0.35 * near, 0.82 - 0.6 * near)
        pen.polygon([(0, height), *ridge, (width, height)], fill=(*colour, 232))


def _draw_disc(
    pen: ImageDraw.ImageDraw,
    centre: tuple[float, float],
    radius: float,
    fill: tuple[int, int, int, int],
) -> None:
    x, y = centre
    box = (round(x - radius), round(y - radius), round(x + radius), round(y + radius))
    pen.ellipse(box, fill=fill)
