"""How an amount of money is written in a sentence."""

from __future__ import annotations


def in_usd(amount: float) -> str:
    """Cents from a dollar on, and four digits of what is less."""
    return f"{amount:,.2f} USD" if amount >= 1 else f"{amount:.4g} USD"
