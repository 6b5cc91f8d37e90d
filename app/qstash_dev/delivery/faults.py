"""What may go wrong between the server and those who talk to it, for tests to ask for."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from app.qstash_dev.state.message import QStashMessage


@dataclass(frozen=True, slots=True)
class CallFaults:
    """Of one call of a destination.

    Args:
        delay: seconds that it comes too late.
        vanishes: it never comes, and neither does any later one of its message.
        repeat_after: seconds from its beginning until another one comes, of the same message; None:
            none does.
        answer_lost: the destination is called, and its answer counts for nothing: the call is made
            again, and the message counts as retried no more often than before.
        place: it does not wait as the last at its flow-control key, but where this says.
    """

    delay: float = 0.0
    vanishes: bool = False
    repeat_after: float | None = None
    answer_lost: bool = False
    place: random.Random | None = None


_NONE = CallFaults()


@dataclass
class Faults:
    """Each share is of 1, and may be changed while the server runs. The same seed has the same
    calls of the same messages fail, those being told by their deduplication ids, whatever the
    order.

    Args:
        seed: of all chance here.
        delay: share of the calls that come up to ``longest`` late.
        longest: seconds, which the clock does not shorten.
        reorder: share that waits elsewhere than as the last.
        repeat: share that comes twice, perhaps at once.
        lose_answer: share of the answers that are lost.
        vanish: share of the messages that are gone at each call.
        away: HTTP status with which the API answers everything; None: it is not away.
        refuse_in_batch: share of a batch's messages that are answered by an error.
        lose_acknowledgement: share of publications that are accepted, and answered by 500.
        counted: how often each came about, by the names above.
    """

    seed: int = 0
    delay: float = 0.0
    longest: float = 0.2
    reorder: float = 0.0
    repeat: float = 0.0
    lose_answer: float = 0.0
    vanish: float = 0.0
    away: int | None = None
    refuse_in_batch: float = 0.0
    lose_acknowledgement: float = 0.0
    counted: Counter[str] = field(default_factory=Counter)
    _asked: Counter[tuple[str, str]] = field(default_factory=Counter, init=False, repr=False)

    def of_call(self, message: QStashMessage) -> CallFaults:
        """The same each time that it is asked about the same call: the message's next."""
        shares = (self.delay, self.reorder, self.repeat, self.lose_answer, self.vanish)
        if message.repeated or not any(shares):
            return _NONE
        chance = random.Random(  # noqa: S311 - no secret comes of it
            f"{self.seed}:{message.deduplication_id or message.id}:{message.calls}"
        )
        return CallFaults(
            delay=chance.random() * self.longest if chance.random() < self.delay else 0.0,
            vanishes=chance.random() < self.vanish,
            repeat_after=(
                chance.random() * self.longest if chance.random() < self.repeat else None
            ),
            answer_lost=chance.random() < self.lose_answer,
            place=chance if chance.random() < self.reorder else None,
        )

    def refuses(self, deduplication_id: str | None) -> bool:
        """Of a message of a batch. One without an id is left alone: nobody could tell it again."""
        chance = self._chance("refuse_in_batch", deduplication_id)
        return chance is not None and chance < self.refuse_in_batch

    def loses_acknowledgement(self) -> bool:
        """Of a publication, which is told by how many there were before."""
        chance = self._chance("lose_acknowledgement", "")
        return chance is not None and chance < self.lose_acknowledgement

    def _chance(self, name: str, what: str | None) -> float | None:
        if what is None or not getattr(self, name):
            return None
        number = self._asked[name, what]
        self._asked[name, what] += 1
        return random.Random(f"{self.seed}:{name}:{what}:{number}").random()  # noqa: S311 - likewise
