"""The commands and their options, from typer."""

from __future__ import annotations

from typing import Any

from app.cli.app import loaded
from docs.generate.markdown import code, prose, table


def commands() -> str:
    return "".join(_of_group("sluice", loaded()))


_WORDS = {int: "N", float: "X"}


def _of_group(name: str, group: Any) -> list[str]:  # typer's copy of click has no public types
    parts = []
    for word, command in group.commands.items():
        called = f"{name} {word}"
        if hasattr(command, "commands"):
            parts += [f"## {called}\n\n{prose(command.help or '')}\n\n"]
            parts += [f"{_options(command)}{''.join(_of_group(called, command))}"]
        else:
            level = "##" if name == "sluice" else "###"
            parts.append(f"{level} {called}\n\n{_usage(called, command)}{_text(command)}")
    return parts


def _text(command: Any) -> str:
    return f"{prose(command.help or '')}\n\n{_options(command)}"


def _usage(called: str, command: Any) -> str:
    told = [param for param in command.params if _is_argument(param)]
    words = [_word(param) if param.required else f"[{_word(param)}]" for param in told]
    options = ["[OPTIONS]"] if len(command.params) > len(told) else []
    return f"```text\n{' '.join([called, *options, *words])}\n```\n\n"


def _is_argument(param: Any) -> bool:
    return bool(param.param_type_name == "argument")


def _word(param: Any) -> str:
    return str(param.metavar or param.name.upper())


def _options(command: Any) -> str:
    rows = [[_name(param), param.help or "", _default(param)] for param in command.params]
    return table(["argument or option", "what it is", "default"], rows) if rows else ""


def _name(param: Any) -> str:
    if _is_argument(param):
        return code(_word(param))
    kind = param.type_descriptor.annotation
    value = "" if param.is_flag else f" {param.metavar or _WORDS.get(kind, 'TEXT')}"
    return ", ".join(code(f"{option}{value}") for option in param.opts)


def _default(param: Any) -> str:
    if param.required:
        return "required"
    return "" if param.default in (None, False, ()) or param.is_flag else code(param.default)
