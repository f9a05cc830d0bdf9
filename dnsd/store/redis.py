"""The door to Redis: every write of the registry is one script here, every fault of the client ends here.

``Store`` writes and asks; ``reader.Reader`` is the mirror's own connection. What an operator has to grant us:
``COMMANDS`` on ``KEY_PATTERN`` (an ACL of Redis 6 or newer).
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import get_args

from redis.exceptions import NoScriptError, ResponseError

from dnsd.model.errors import Fault, InvalidRecord, StoreUnavailable
from dnsd.model.service import Endpoint, EndpointKey
from dnsd.store.connections import Command, Connections, Reply
from dnsd.store.facts import check_facts, facts_of
from dnsd.store.faults import unavailable, whole
from dnsd.store.keys import SCHEMA, Keys, member_of
from dnsd.store.operations import (
    Accepted,
    AccessChange,
    Durability,
    Facts,
    Opening,
    Reaped,
    Refused,
    RenewalState,
    Result,
    StoreOperation,
    Ticked,
)
from dnsd.store.place import Place
from dnsd.store.reader import Reader
from dnsd.store.record import endpoint_of
from dnsd.store.report import Report, report_of, report_to_text
from dnsd.store.script import Name, Script

COMMANDS = (
    *("hello", "auth", "ping", "select", "role", "info", "type", "wait", "eval", "evalsha"),
    *("xadd", "xread", "xrange", "xrevrange", "hget", "hset", "hsetnx", "hmget", "hgetall", "hscan", "hdel", "hincrby"),
    *("del",),
    *("zadd", "zrem", "zcard", "zscore", "zmscore", "zrangebyscore", "zrangebylex", "zlexcount", "zremrangebyscore"),
    *("zcount", "zrange"),
)
CLUSTER_COMMAND = "cluster|slots"
"""With ``cluster://`` this one too."""
KEY_PATTERN = "{prefix}:*"

WRITE_SECONDS_DEFAULT = 1.8
"""Below the 2 s within which a write is answered, one way or the other (faults.md, row 12)."""
CHANGES_KEPT_DEFAULT = 10_000
OPERATIONS_MOST = 1000
"""In one write: a script's reply and stream entry are bounded by what Lua can unpack."""
REAPED_AT_ONCE = 200
_KEYS_AT_ONCE = 500
_COOKIE_SECRET_OCTETS = 16
_RENEWAL_STATES: Mapping[str, RenewalState] = {"-1": "permanent", "-2": "unknown", "-3": "deleted"}


class Store:
    """The shared truth. Every method raises StoreUnavailable and answers within ``write_seconds``, or twice that when a
    server that lost its scripts has to be told them again.

    ``copies``: how many replicas must have a write before it is acknowledged; None: 1 for Sentinel and Cluster, else 0.
    ``allow_eviction``: take a server that may drop keys of its own accord.
    Raises InvalidSetting for a URL or prefix that cannot be one; nothing is connected before the first call.
    """

    def __init__(
        self,
        url: str,
        prefix: str = "dnsd",
        *,
        copies: int | None = None,
        write_seconds: float = WRITE_SECONDS_DEFAULT,
        changes_kept: int = CHANGES_KEPT_DEFAULT,
        connections_most: int = 32,
        allow_eviction: bool = False,
    ) -> None:
        self.keys = Keys(prefix)
        self._place = Place(url, self.keys.meta)
        self._connections = Connections(self._place, connections_most)
        self._copies = self._place.copies_default if copies is None else copies
        self._allow_eviction = allow_eviction
        self._write_seconds = write_seconds
        self._changes_kept = changes_kept
        self.faults: Counter[str] = Counter()
        """What kept calls from being answered, by the reason of StoreUnavailable."""
        self._scripts = {name: Script(name) for name in get_args(Name)}
        self._cookie_secret = secrets.token_hex(_COOKIE_SECRET_OCTETS)

    @property
    def place(self) -> str:
        """Its URL without secrets."""
        return self._place.text

    async def open(self, floor: int = 0) -> Opening:
        """Meet the store: give a new one its epoch and cookie secret, raise its revision above ``floor``."""
        epoch, revision, tick, schema, secret = await self._run("open", (self._cookie_secret,), floor)
        # Once known, the secret is offered again: a store that lost everything goes on with the cookies of before.
        self._cookie_secret = secret
        return Opening(epoch, int(revision), int(tick), int(schema), bytes.fromhex(secret))

    async def cookie_secret(self) -> bytes:
        """The 16 octets from which all replicas make DNS cookies."""
        return (await self.open()).cookie_secret

    async def check(self) -> Facts:
        """What the server is. Raises StoreUnavailable(evicting) for one that drops keys, unless that is allowed."""
        told = await self._call(("INFO",), ("CONFIG", "GET", "min-replicas-to-write"), must_answer=1)
        facts = facts_of(told[0], told[1])
        check_facts(facts, self.place, self._allow_eviction)
        return facts

    async def write(self, operations: Sequence[StoreOperation], floor: int, author: str = "") -> Accepted | Refused:
        """All of the operations as one change, or none. ``floor``: the revision of the writer's mirror; ``author``: who
        asks, for the audit, "" when nobody does.

        Each object stands in it at most once, and nothing below a service that it deletes. Raises InvalidRecord for
        more than OPERATIONS_MOST.
        """
        if len(operations) > OPERATIONS_MOST:
            raise InvalidRecord(Fault("/operations", f"{len(operations)}, at most {OPERATIONS_MOST} are possible"))
        words = [word for operation in operations for word in operation.words()]
        durability, reply = await self._run_durably("write", words, floor, author)
        if reply[0] == "fault":
            return Refused(int(reply[1]), reply[2], int(reply[3]))
        results = [
            Result(outcome, line, None if int(remaining) < 0 else int(remaining))
            for outcome, line, remaining in zip(reply[3::3], reply[4::3], reply[5::3], strict=True)
        ]
        return Accepted(reply[1], int(reply[2]), durability, tuple(results))

    async def adopt(self, epoch: str, revision: int) -> None:
        """Say to all mirrors that this epoch is to be believed as it is at ``revision``; what it loses later is not."""
        await self._call(("HSET", self.keys.meta, "adopted", f"{epoch} {revision}"))

    async def tokens(self, known: str) -> tuple[str, dict[str, str]] | None:
        """The version of the tokens, "" when there never were any, and their texts by id; None when it is ``known``."""
        (version,) = await self._call(("HGET", self.keys.meta, "tokens"))
        if (version or "") == known:
            return None
        (flat,) = await self._call(("HGETALL", self.keys.tokens))
        return version or "", dict(zip(flat[::2], flat[1::2], strict=True))

    async def write_access(self, change: AccessChange, known: int, author: str = "") -> bool:
        """Change the tokens, or note in the audit alone; False when there was nothing to change.

        ``known``: the number of the version that the writer's mirror has.
        """
        _, reply = await self._run_durably("access", change.words(), known, author)
        return bool(reply[0] == "1")

    async def audit(self, most: int, before: str = "") -> list[tuple[str, dict[str, str]]]:
        """The newest entries of the audit, the newest first, at most so many, those before an entry's id; each with its
        id and its fields.
        """
        end = f"({before}" if before else "+"
        (entries,) = await self._call(("XREVRANGE", self.keys.audit, end, "-", "COUNT", most))
        return [(entry, dict(zip(fields[::2], fields[1::2], strict=True))) for entry, fields in entries]

    async def endpoint(self, key: EndpointKey) -> Endpoint | None:
        """The endpoint as it stands in the store, or None. Raises InvalidRecord when it is garbage."""
        (line,) = await self._call(("HGET", self.keys.endpoints, member_of(key)))
        return None if line is None else endpoint_of(key, line)

    async def renew(self, keys: Sequence[EndpointKey]) -> list[int | RenewalState]:
        """Renew leases; to each key the seconds it has from now, or why it has none."""
        states: list[int | RenewalState] = []
        for at in range(0, len(keys), _KEYS_AT_ONCE):
            members = [member_of(key) for key in keys[at : at + _KEYS_AT_ONCE]]
            reply = await self._run("renew", members, 0)
            states += [_RENEWAL_STATES.get(state) or int(state) for state in reply[1:]]
        return states

    async def remaining_seconds(self, keys: Sequence[EndpointKey]) -> list[int | None]:
        """To each key the seconds until its lease may end; None where none runs."""
        remaining: list[int | None] = []
        for at in range(0, len(keys), _KEYS_AT_ONCE):
            members = [member_of(key) for key in keys[at : at + _KEYS_AT_ONCE]]
            tick, scores = await self._call(("HGET", self.keys.meta, "tick"), ("ZMSCORE", self.keys.leases, *members))
            now = whole(tick, "its tick", self.place)
            remaining += [None if score is None else max(0, int(float(score)) - now - 1) for score in scores]
        return remaining

    async def tick(self, tick: int | None = None, history: str = "") -> Ticked:
        """Make the tick after ``tick``, if that one stands and the history is the same; without ``tick`` just look."""
        words = ("" if tick is None else str(tick), history)
        advanced, stands, of, leases, since, held = await self._run("tick", words, 0)
        return Ticked(advanced == 1, int(stands), of, int(leases), int(since), int(held))

    async def reap(self, tick: int, history: str, floor: int) -> Reaped:
        """Remove endpoints due at ``tick``, at most REAPED_AT_ONCE, as one change; nothing in another history."""
        removed, revision, more = await self._run("reap", (str(tick), history, str(REAPED_AT_ONCE)), floor)
        return Reaped(int(removed), int(revision), more == 1)

    async def touch(self, revision: int) -> int:
        """Make the revision after ``revision``, without a change of any object, unless there is a later one already.

        Returns the store's revision then.
        """
        return int(await self._run("touch", (str(revision),), revision))

    async def report(self, replica: str, revision: int, digest: str = "") -> None:
        """Say that ``replica`` applied everything up to ``revision``; good as a sign of life for a few ticks.

        ``digest``: of all that it holds at that revision, when it knows.
        """
        (tick,) = await self._call(("HGET", self.keys.meta, "tick"))
        report = Report(revision, whole(tick, "its tick", self.place), digest)
        await self._call(("HSET", self.keys.replicas, replica, report_to_text(report)))

    async def withdraw(self, replica: str) -> None:
        """Take the replica's report back: it ends."""
        await self._call(("HDEL", self.keys.replicas, replica))

    async def reports(self) -> tuple[int, dict[str, Report]]:
        """The tick, and what each replica reported last; garbage is nothing."""
        tick, flat = await self._call(("HGET", self.keys.meta, "tick"), ("HGETALL", self.keys.replicas))
        told = {replica: report_of(text) for replica, text in zip(flat[::2], flat[1::2], strict=True)}
        reports = {replica: report for replica, report in told.items() if report is not None}
        return whole(tick, "its tick", self.place), reports

    def reader(self) -> Reader:
        """A connection of its own for a mirror; not connected yet."""
        return Reader(self._place, self.keys, self._connections.meet)

    async def close(self) -> None:
        """Let go of every connection."""
        await self._connections.close()

    async def _call(self, *commands: Command, must_answer: int | None = None) -> list[Reply]:
        """A reply to each command; a refusal is raised, but not where only the first ``must_answer`` have to."""
        with self._counted():
            replies = await self._connections.call(commands, self._write_seconds)
            for reply in replies[:must_answer]:
                if isinstance(reply, ResponseError):
                    raise unavailable(reply, self.place)
            return replies

    @contextmanager
    def _counted(self) -> Iterator[None]:
        try:
            yield
        except StoreUnavailable as fault:
            self.faults[fault.reason] += 1
            raise

    async def _run(self, name: Name, own: Sequence[str], floor: int) -> Reply:
        script = self._scripts[name]
        (reply,) = await self._evaluate(script, self._arguments(own, floor, waits=False))
        return reply

    async def _run_durably(
        self, name: Name, own: Sequence[str], floor: int, author: str = ""
    ) -> tuple[Durability, Reply]:
        """Run a script, and WAIT on the same connection when copies are asked for: on another one it would answer for
        somebody else's writes.
        """
        script = self._scripts[name]
        arguments = self._arguments(own, floor, waits=self._copies > 0, author=author)
        if not self._copies:
            (reply,) = await self._evaluate(script, arguments)
            return "local", reply
        wait: Command = ("WAIT", self._copies, int(self._write_seconds * 1000 * 0.7))
        reply, copies = await self._evaluate(script, arguments, wait)
        if reply[0] != "fault" and copies < self._copies:
            detail = f"the store at {self.place}: {copies} of {self._copies} copies were confirmed in time"
            self.faults["not-replicated"] += 1
            raise StoreUnavailable("not-replicated", detail)
        return "replicated", reply

    async def _evaluate(self, script: Script, arguments: Sequence[str], *after: Command) -> list[Reply]:
        with self._counted():
            replies = await self._connections.call((("EVALSHA", script.sha, *arguments), *after), self._write_seconds)
            if isinstance(replies[0], NoScriptError):
                replies = await self._connections.call((("EVAL", script.text, *arguments), *after), self._write_seconds)
            for reply in replies:
                if isinstance(reply, ResponseError):
                    raise unavailable(reply, self.place)
            return replies

    def _arguments(self, own: Sequence[str], floor: int, waits: bool, author: str = "") -> tuple[str, ...]:
        """Number of keys, keys, what the prelude takes, the script's own."""
        keys = self.keys.all
        front = (secrets.token_hex(8), str(SCHEMA), str(floor), str(self._changes_kept), "1" if waits else "0", author)
        return (str(len(keys)), *keys, *front, *own)
