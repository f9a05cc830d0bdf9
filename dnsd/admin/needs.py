"""What a call needs to be allowed: verbs, and on how much. Each call of ``calls.CALLS`` says so."""

from __future__ import annotations

from typing import Literal, NamedTuple

from dnsd.model.grant import Verb


class Need(NamedTuple):
    """One of ``verbs``, on the service that the path names (``one``), on anything at all (``some``: the call itself
    looks at each object), or on everything there is (``all``).
    """

    verbs: tuple[Verb, ...]
    on: Literal["one", "some", "all"]


OPEN = None
"""Nobody is asked who he is: whether it lives, whether it is ready, what the API is."""
READ_ONE = Need(("read",), "one")
READ_SOME = Need(("read",), "some")
READ_ALL = Need(("read",), "all")
REGISTER_ONE = Need(("register",), "one")
REGISTER_SOME = Need(("register",), "some")
DRAIN_ONE = Need(("drain",), "one")
DELETE_ONE = Need(("delete",), "one")
WRITE_SOME = Need(("register", "drain", "delete"), "some")
ADMIN = Need(("admin",), "all")
