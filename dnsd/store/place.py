"""Where the store is: a URL, turned into connections to the server that takes writes now.

``redis://``, ``rediss://`` and ``unix://`` name it, with what redis-py takes behind the question mark
(``rediss://…?ssl_ca_certs=/etc/ca.pem``). ``sentinel://h1:p,h2:p/NAME/DB`` asks the sentinels at every connection,
``cluster://h:p`` the nodes: all our keys are in one slot, so a Cluster is one master to find, like Sentinel's.

Invariant: no connection repeats a command by itself (a lost reply would make one write two), and none reads with a
timeout of its own (it would break a blocking read): whoever calls sets the limit.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

from redis.asyncio.connection import AbstractConnection, Connection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from dnsd.model.errors import InvalidSetting

CONNECT_SECONDS = 1.0
_SENTINEL_PORT = 26_379
_CLUSTER_PORT = 6379

Address = tuple[str, int]
Locate = Callable[[], Awaitable[Address]]


class Place:
    """One store. ``text`` is its URL without secrets. Raises InvalidSetting for what cannot be one."""

    def __init__(self, url: str, slot_key: str) -> None:
        self.text = masked(url)
        try:
            self._kind, self._arguments, self.copies_default = _read_url(url, slot_key)
            self._new()
        except (TypeError, ValueError) as fault:
            raise InvalidSetting(f"--redis {self.text}: {fault}") from None

    @property
    def needs_master(self) -> bool:
        """True where several servers share the work, and only the master is the one to talk to."""
        return self._kind is _Located

    async def connect(self) -> AbstractConnection:
        """A new connection, ready for commands. Raises what the client raises."""
        connection = self._new()
        try:
            await connection.connect()  # type: ignore[no-untyped-call]
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return connection

    def _new(self) -> AbstractConnection:
        return self._kind(
            **self._arguments,
            socket_timeout=None,
            socket_connect_timeout=CONNECT_SECONDS,
            retry=Retry(NoBackoff(), 0),
            protocol=2,  # one shape of replies, on every server
            driver_info=None,
            decode_responses=True,
            encoding_errors="replace",
        )


def masked(url: str) -> str:
    """The URL with its password, and whatever stands behind the question mark, left out."""
    front, separator, rest = url.partition("://")
    userinfo, at, rest = rest.rpartition("@")
    user, colon, _ = userinfo.partition(":")
    return f"{front}{separator}{user}{colon and ':***'}{at}{rest.partition('?')[0]}"


class _Located(Connection):
    """A connection that asks where to go each time it is made, and refuses a server that is not the master."""

    def __init__(self, *, locate: Locate, **arguments: Any) -> None:
        super().__init__(**arguments, redis_connect_func=self._meet)
        self._locate = locate

    async def _connect(self) -> None:
        self.host, self.port = await self._locate()
        await super()._connect()  # type: ignore[no-untyped-call]

    async def _meet(self, connection: AbstractConnection) -> None:
        # A woken old master or a demoted one would take our writes and lose them (faults.md 13). A stopped one lets us
        # connect and says nothing: the next attempt asks anew who is the master.
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self.on_connect()
                await self.send_command("ROLE")
                role = (await self.read_response())[0]
        except TimeoutError:
            raise RedisConnectionError(f"{self.host}:{self.port} said nothing in {CONNECT_SECONDS:g} s") from None
        if role != "master":
            raise RedisConnectionError(f"{self.host}:{self.port} is a {role}, not the master")


def _read_url(url: str, slot_key: str) -> tuple[type[AbstractConnection], dict[str, Any], int]:
    """The kind of connection, its arguments, and how many copies a write needs there by default."""
    scheme = url.partition("://")[0]
    if scheme == "sentinel":
        return _Located, _sentinel_arguments(url), 1
    if scheme == "cluster":
        return _Located, _cluster_arguments(url, slot_key), 1
    arguments = cast(dict[str, Any], parse_url(url))
    kind = arguments.pop("connection_class", Connection)
    for ours in ("socket_timeout", "socket_connect_timeout", "protocol", "decode_responses", "max_connections"):
        arguments.pop(ours, None)
    _refuse_unknown(arguments, kind)
    return kind, arguments, 0


def _refuse_unknown(arguments: dict[str, Any], kind: type[AbstractConnection]) -> None:
    known = {name for base in kind.__mro__[:-1] for name in inspect.signature(base).parameters}
    unknown = sorted(set(arguments) - known)
    if unknown and unknown[0].startswith("ssl_"):
        raise ValueError("TLS settings need rediss://")
    if unknown:
        raise ValueError(f"{unknown[0]!r} is nothing that can stand in its query")


def _sentinel_arguments(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    path = [unquote(step) for step in parts.path.strip("/").split("/")]
    if not path[0] or " " in path[0] or len(path) > 2 or (len(path) == 2 and not path[1].isdecimal()):
        raise ValueError("write sentinel://host:port,host:port/NAME/DB")
    asked = _query(parts.query, ("sentinel_username", "sentinel_password"))
    addresses, credentials = _authority(parts.netloc, _SENTINEL_PORT)
    sentinel_credentials = {name.removeprefix("sentinel_"): text for name, text in asked.items()}

    async def ask(address: Address) -> Address:
        found = await _ask(address, sentinel_credentials, f"SENTINEL GET-MASTER-ADDR-BY-NAME {path[0]}")
        if found is None:
            raise RedisConnectionError(f"the sentinel at {address[0]}:{address[1]} knows no {path[0]}")
        return str(found[0]), int(found[1])

    database = int(path[1]) if len(path) == 2 else 0
    return {"locate": _first_answer(addresses, ask), "db": database, **credentials}


def _cluster_arguments(url: str, slot_key: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.path.strip("/"):
        raise ValueError("a Cluster has no database numbers; write cluster://host:port,host:port")
    _query(parts.query, ())
    addresses, credentials = _authority(parts.netloc, _CLUSTER_PORT)
    slot = key_slot(slot_key.encode())

    async def ask(address: Address) -> Address:
        for first, last, master, *_ in await _ask(address, credentials, "CLUSTER SLOTS"):
            if first <= slot <= last:
                # A node that does not know its own address leaves it out: it is the one we asked.
                return (master[0] or address[0]), int(master[1])
        raise RedisConnectionError(f"no node of the Cluster holds slot {slot}")

    return {"locate": _first_answer(addresses, ask), **credentials}


def _first_answer(addresses: Sequence[Address], ask: Callable[[Address], Awaitable[Address]]) -> Locate:
    """Asks one after the other until one answers, the last that did first."""
    order = list(addresses)

    async def locate() -> Address:
        faults = []
        for address in list(order):
            try:
                found = await ask(address)
            except (RedisError, OSError) as fault:
                faults.append(f"{address[0]}:{address[1]}: {fault}")
                continue
            order.sort(key=lambda each: each != address)
            return found
        raise RedisConnectionError("; ".join(faults))

    return locate


async def _ask(address: Address, credentials: dict[str, str], command: str) -> Any:
    """The reply of one server to one command, within CONNECT_SECONDS."""
    connection = Connection(
        host=address[0],
        port=address[1],
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        driver_info=None,
        decode_responses=True,
        **cast(Any, credentials),
    )
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await connection.connect()  # type: ignore[no-untyped-call]
            await connection.send_command(*command.split())
            return await connection.read_response()
    finally:
        await connection.disconnect(nowait=True)


def _authority(netloc: str, port_default: int) -> tuple[list[Address], dict[str, str]]:
    """``user:password@h1:p,h2:p`` as addresses and credentials."""
    userinfo, _, hosts = netloc.rpartition("@")
    addresses = []
    for text in hosts.split(","):
        parts = urlsplit(f"//{text}")
        if not parts.hostname:
            raise ValueError(f"{text!r} is not host:port")
        addresses.append((parts.hostname, parts.port or port_default))
    user, _, password = userinfo.partition(":")
    given = {"username": unquote(user), "password": unquote(password)}
    return addresses, {name: text for name, text in given.items() if text}


def _query(query: str, known: Sequence[str]) -> dict[str, str]:
    asked = {name: values[0] for name, values in parse_qs(query).items()}
    for name in asked:
        if name not in known:
            raise ValueError(f"{name!r} is nothing that can stand in its query")
    return asked
