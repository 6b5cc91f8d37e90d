"""How far the requests of one connection have come."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Phase(Enum):
    """What a connection is at."""

    HEAD = "the head of a request has not come whole"
    BODY = "its body has not"
    ANSWERING = "an answer is under way"
    IDLE = "nothing is asked just now"
    REFUSED = "it was answered, and whatever it still sends is thrown away"


@dataclass(slots=True)
class RequestProgress:
    """
    Args:
        heads: that have come whole.
        unanswered: of them, those whose answer is not whole; more than one where a caller did not
            wait for the answer before.
        in_head: a part of the next head has come.
        in_body: the last head is whole, and its body is not.
        unparsed: bytes that the parser gathers meanwhile: of a head, or of fields after a body.
    """

    heads: int = 0
    unanswered: int = 0
    in_head: bool = False
    in_body: bool = False
    unparsed: int = 0

    def received(self, length: int) -> None:
        self.in_head = self.in_head or not self.in_body
        self.unparsed += length

    def head_complete(self) -> None:
        self.heads += 1
        self.unanswered += 1
        self.in_head, self.in_body = False, True
        self.unparsed = 0

    def body_received(self) -> None:
        self.unparsed = 0

    def body_complete(self) -> None:
        self.in_body = False
        self.unparsed = 0

    def answer_complete(self) -> None:
        self.unanswered -= 1

    @property
    def awaits_own_body(self) -> bool:
        """The one answer that is due is that to the request whose body has not come whole."""
        return self.in_body and self.unanswered == 1

    @property
    def phase(self) -> Phase:
        if self.in_body and self.unanswered <= 1:
            return Phase.BODY
        if self.unanswered:
            return Phase.ANSWERING
        return Phase.HEAD if self.in_head else Phase.IDLE
