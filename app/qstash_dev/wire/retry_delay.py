"""The expression of ``Upstash-Retry-Delay``: milliseconds until the next try, by ``retried``.

It is taken apart by Python's own parser, which runs nothing, and worked out here, from the few
things that it may be made of.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from app.qstash_dev.refusal import QStashRefusal

LONGEST_EXPRESSION = 256
LONGEST_DELAY = 86_400.0
"""Seconds: no retry is later."""
_TOKENS = re.compile(
    r"(?:\s*(?:(?:\d+(?:\.\d*)?|\.\d+)(?:e\d+)?(?![\w.])|[a-z]+(?!\w)|[-+*/%(),]))*", re.ASCII
)
"""All else that Python could read there, such as ``1_000`` and ``"text"``, is refused by this."""


def _rounded(value: float) -> float:
    """A half goes away from zero, as in Go and unlike Python's own."""
    return math.copysign(math.floor(abs(value) + 0.5), value)


_FUNCTIONS: dict[str, tuple[Callable[..., float], int]] = {
    "pow": (math.pow, 2),
    "sqrt": (math.sqrt, 1),
    "abs": (abs, 1),
    "exp": (math.exp, 1),
    "floor": (math.floor, 1),
    "ceil": (math.ceil, 1),
    "round": (_rounded, 1),
    "min": (min, 2),
    "max": (max, 2),
}
"""And how many values each takes."""
_MADE_OF = f"it may be made of numbers, retried, + - * / % and {', '.join(_FUNCTIONS)}"
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: math.fmod,
}


@dataclass(frozen=True)
class RetryDelay:
    text: str
    _root: ast.expr = field(repr=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> RetryDelay:
        """
        Raises:
            QStashRefusal: it is no expression of numbers, ``retried`` and the known functions.
        """
        text = text.strip()
        if len(text) > LONGEST_EXPRESSION:
            raise _refused(f"it is longer than {LONGEST_EXPRESSION} characters")
        if not _TOKENS.fullmatch(text):
            raise _refused(_MADE_OF)
        try:
            root = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            raise _refused("it is no expression") from None
        _check(root)
        return cls(text, root)

    def seconds(self, retried: int) -> float | None:
        """Within a day.

        Args:
            retried: 0 for the first retry.

        Returns:
            None: there is no such number, as behind a division by zero.
        """
        try:
            value = _value(self._root, float(retried))
        except OverflowError:
            return LONGEST_DELAY
        except (ArithmeticError, ValueError):
            return None
        if math.isnan(value):
            return None
        return min(max(value / 1_000, 0.0), LONGEST_DELAY)


def _check(node: ast.expr) -> None:
    match node:
        case ast.Constant(value=int() | float()) | ast.Name(id="retried"):
            pass
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            _check(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            _check(left)
            _check(right)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            if len(args) != _FUNCTIONS[name][1]:
                raise _refused(f"{name} takes {_FUNCTIONS[name][1]}")
            for arg in args:
                _check(arg)
        case _:
            raise _refused(_MADE_OF)


def _value(node: ast.expr, retried: float) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name():
            return retried
        case ast.UnaryOp(op=op, operand=operand):
            value = _value(operand, retried)
            return -value if isinstance(op, ast.USub) else value
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_value(left, retried), _value(right, retried))
        case ast.Call(func=ast.Name(id=name), args=args):
            return float(_FUNCTIONS[name][0](*(_value(arg, retried) for arg in args)))
    raise AssertionError(f"{node!r} was let through")


def _refused(why: str) -> QStashRefusal:
    return QStashRefusal(f"Upstash-Retry-Delay cannot be used: {why}.")
