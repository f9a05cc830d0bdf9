"""What a responder counts, one tally a transport: cheap where it is counted, named when it is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import itemgetter

from dnsd.runtime.counts import Counts, qtype_label, rcode_label

_KINDS_MOST = 512
_RCODE = 0x0F
_TC = 0x02
_flags_of = itemgetter(slice(2, 4))


class Tally:
    """Counters of one transport: ``udp`` or ``tcp``."""

    def __init__(self, transport: str) -> None:
        self._transport = transport
        self._questions: Counter[bytes] = Counter()
        self._flags: Counter[bytes] = Counter()
        self._named: Counts = {}

    def answered(self, replies: Sequence[bytes], questions: Sequence[bytes]) -> None:
        """Count a batch: replies by their header's second word, questions by type and class (four octets).

        Where there is no reply both are empty; where the question could not be read, its type is ``none``.
        """
        if len(replies) == 1:  # an update takes a microsecond before it counts anything
            self.answered_one(replies[0], questions[0])
            return
        self._questions.update(questions)
        self._flags.update(map(_flags_of, replies))
        if len(self._questions) > _KINDS_MOST:
            self._name()

    def answered_one(self, reply: bytes, question: bytes) -> None:
        """Count a batch of one."""
        self._questions[question] += 1
        self._flags[reply[2:4]] += 1
        if len(self._questions) > _KINDS_MOST:
            self._name()

    def dropped(self, reason: str, number: int = 1) -> None:
        """Count what got no answer; ``reason`` is one of ours, never a stranger's word."""
        self._add(("dnsd_dns_dropped", self._transport, reason), number)

    def failed(self) -> None:
        """Count a question that dnsd itself could not answer."""
        self._add(("dnsd_dns_failures", self._transport), 1)

    def add(self, *key: str) -> None:
        """Count one under a metric's own key."""
        self._add(key, 1)

    def counts(self) -> Counts:
        """All numbers since the start, under their metrics' names."""
        self._name()
        return dict(self._named)

    def _name(self) -> None:
        """Move the raw numbers under names: of 65,536 types a stranger may ask for, most are one."""
        silent = self._flags.pop(b"", 0)
        unread = self._questions.pop(b"", 0) - silent
        if unread > 0:
            self._add(("dnsd_dns_requests", self._transport, "none"), unread)
        for question, number in self._questions.items():
            self._add(("dnsd_dns_requests", self._transport, qtype_label(int.from_bytes(question[:2]))), number)
        for flags, number in self._flags.items():
            self._add(("dnsd_dns_responses", rcode_label(flags[1] & _RCODE)), number)
            if flags[0] & _TC:
                self._add(("dnsd_dns_truncated", self._transport), number)
        self._questions.clear()
        self._flags.clear()

    def _add(self, key: tuple[str, ...], number: int) -> None:
        self._named[key] = self._named.get(key, 0) + number
