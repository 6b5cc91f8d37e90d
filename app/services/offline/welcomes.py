"""Welcomes from templates, for when no language model is configured."""

from __future__ import annotations

import json

from app.services.errors import cut
from app.services.llm.texts import one_line
from app.services.llm.welcomes import MIN_QUESTIONS, AgentCard, Welcome
from app.services.offline.choice import shuffled

NAME_CHARS = 40
ROLE_CHARS = 40
DESCRIPTION_CHARS = 130

MESSAGES = (
    "Hello, I am {name}, your {role}. {description} What shall we begin with?",
    "Welcome! {name} here, your {role}. {description} Tell me what you have in mind.",
    "Good to see you. I am {name}, your {role}. {description} Where would you like to start?",
    "Hi, my name is {name}, and I am your {role}. {description} I am listening.",
    "You have opened {name}, your {role}. {description} One question is enough to begin.",
)
QUESTIONS = (
    "What would you like to have done by the end of today?",
    "What have you tried so far, and how did it go?",
    "Which part of it do you know least about?",
    "What should I know about you before we begin?",
    "What would make the next ten minutes worth your time?",
    "By when do you need it, and for whom is it?",
    "What do you hope for most from your {role}?",
    "How do you like your answers: short, or with every detail?",
    "What has kept you from doing this before?",
    "If your {role} could take one thing off your hands, what would it be?",
    "How will you know that we are done?",
)


def compose_welcome(agent: AgentCard) -> Welcome:
    seed = json.dumps([agent.name, agent.role, agent.description])
    role = cut(one_line(agent.role), ROLE_CHARS) or "assistant"
    message = shuffled(MESSAGES, seed)[0].format(
        name=cut(one_line(agent.name), NAME_CHARS) or "an agent without a name",
        role=role,
        description=cut(one_line(agent.description), DESCRIPTION_CHARS),
    )
    questions = [question.format(role=role) for question in shuffled(QUESTIONS, seed)]
    return Welcome(message=one_line(message), questions=tuple(questions[: MIN_QUESTIONS + 1]))
