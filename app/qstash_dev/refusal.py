"""What the server answers to a call that it does not carry out."""

from __future__ import annotations


class QStashRefusal(Exception):
    """Answered as ``{"error": …}``.

    Args:
        error: a sentence for whoever made the call.
        status: of HTTP.
    """

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status
