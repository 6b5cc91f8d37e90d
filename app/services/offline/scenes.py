"""Image prompts from templates, for when no language model is configured."""

from __future__ import annotations

import json

from app.services.errors import cut
from app.services.llm.scenes import SceneCard
from app.services.llm.texts import one_line
from app.services.offline.choice import shuffled

TITLE_CHARS = 100
DESCRIPTION_CHARS = 280

# Ten of each, so that ten prompts never share one.
VIEWS = (
    "seen from far away",
    "seen from above",
    "seen from close to the ground",
    "seen through an open window",
    "mirrored in still water",
    "framed by dark branches",
    "in a wide panorama",
    "in one detail that fills the picture",
    "with a small figure who looks on",
    "half hidden behind a wall",
)
LIGHTS = (
    "at first light",
    "in the noon sun",
    "at dusk",
    "by moonlight",
    "in thin fog",
    "just after rain",
    "in falling snow",
    "under a stormy sky",
    "in the low sun of an autumn evening",
    "by the light of lanterns",
)
TECHNIQUES = (
    "watercolour",
    "oil on canvas",
    "woodcut",
    "charcoal",
    "gouache",
    "soft pastel",
    "ink and wash",
    "linocut",
    "coloured pencil",
    "torn paper",
)


def compose_prompts(scene: SceneCard, count: int) -> list[str]:
    seed = json.dumps([scene.title, scene.description])
    title = cut(one_line(scene.title), TITLE_CHARS) or "A place without a name"
    description = cut(one_line(scene.description), DESCRIPTION_CHARS)
    ways = zip(
        shuffled(VIEWS, seed), shuffled(LIGHTS, seed), shuffled(TECHNIQUES, seed), strict=True
    )
    return [
        f"{title}, {view}, {light}, in {technique}. {description}".rstrip()
        for view, light, technique in list(ways)[:count]
    ]
