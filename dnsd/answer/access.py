"""Who may ask: about our own names, and for names that an upstream has to be asked for.

Invariant: without a rule that says so, nobody but loopback and private ranges has anything forwarded (RFC 5358).
"""

from __future__ import annotations

from collections.abc import Sequence

from dnsd.answer.networks import Networks
from dnsd.authority.reverse import PRIVATE_RANGES

CLOSE_BY = ("127.0.0.0/8", "::1/128", "169.254.0.0/16", "fe80::/10", *PRIVATE_RANGES)
"""Loopback, link-local, private and unique-local ranges: whose packets no stranger can send from afar."""
DENIED = "!"
"""Stands before a network that a rule leaves out."""


class Access:
    """Rules of networks, ``!`` before those that are left out; the longest prefix decides.

    An address that no rule names may ask when there are no rules but those that leave out. Forwarding is for those
    alone that a rule names. :attr:`is_open` is True when everybody may ask, so that a door need not look.
    """

    def __init__(self, answer_to: Sequence[str] = (), forward_for: Sequence[str] = CLOSE_BY) -> None:
        self._answer_to = _compiled(answer_to)
        self._forward_for = _compiled(forward_for)
        self._others_ask = all(rule.startswith(DENIED) for rule in answer_to)
        self.is_open = not answer_to

    def may_ask(self, peer: bytes) -> bool:
        """True when ``peer`` (4 or 16 address octets) is told about our names."""
        if self.is_open:
            return True
        allowed = self._answer_to.find(peer)
        return self._others_ask if allowed is None else allowed

    def may_forward(self, peer: bytes) -> bool:
        """True when an upstream is asked for ``peer``."""
        return self._forward_for.find(peer) is True


def _compiled(rules: Sequence[str]) -> Networks[bool]:
    return Networks((rule.removeprefix(DENIED), not rule.startswith(DENIED)) for rule in rules)


EVERYBODY = Access()
"""The default: everybody that the socket reaches asks about our names, forwarding is for those close by."""
