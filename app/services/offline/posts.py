"""Drafts of posts from templates, for when no language model is configured."""

from __future__ import annotations

import json

from app.services.errors import cut
from app.services.llm.posts import PostBrief
from app.services.llm.texts import one_line
from app.services.offline.choice import shuffled

TOPIC_CHARS = 120
AUDIENCE_CHARS = 80

OPENINGS = (
    "{topic}: there is more advice on this than one can follow. A short version, for {audience}.",
    "We are often asked about this: {topic}. What follows takes a minute, and is for {audience}.",
    "A note for {audience}. The subject is one on which small habits go a long way: {topic}.",
    "Most of what {audience} need to get started is already at hand. Today's subject: {topic}.",
)
POINTS = (
    "Start with the smallest step that you can finish today, and leave the plan for tomorrow.",
    "Write down what you expect before you begin, so that you can learn from what happens.",
    "Ask one person who has done it before. An hour of their time saves a week of yours.",
    "Change one thing at a time, or you will not know which of them helped.",
    "Decide beforehand how much time it may take, and stop when that is over.",
    "Keep what works in a list, however short; memory is kind to bad ideas.",
    "Look at it again after a week. What still seems right then is worth keeping.",
)
CLOSINGS = (
    "Tell us what worked for you, and what did not.",
    "If you try it, let us know how it went.",
    "What would you add? We read every answer.",
    "Next time we look at what comes after the first week.",
)


def compose_draft(brief: PostBrief) -> str:
    seed = json.dumps([brief.topic, brief.audience])
    topic = cut(one_line(brief.topic), TOPIC_CHARS) or "something new"
    audience = cut(one_line(brief.audience), AUDIENCE_CHARS) or "everyone"
    opening = shuffled(OPENINGS, seed)[0].format(topic=topic, audience=audience)
    return "\n\n".join(
        [
            opening[0].upper() + opening[1:],
            " ".join(shuffled(POINTS, seed)[:3]),
            shuffled(CLOSINGS, seed)[0],
        ]
    )
