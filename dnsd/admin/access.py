"""Who asks, and may that one? Every request passes here before anything of it is read but its header.

Invariant: a route that no call describes is refused; what a call needs stands with its description (``calls``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from dnsd.admin.calls import CALLS
from dnsd.admin.failures import Forbidden, Unauthorized
from dnsd.admin.needs import Need
from dnsd.codec.audit import Author
from dnsd.codec.document import folded
from dnsd.model.errors import StoreUnavailable
from dnsd.model.grant import EVERYTHING, Grant, Verb, is_unbound, may, may_all, may_some, refused_address
from dnsd.model.service import Service
from dnsd.model.token import Token, parts_of
from dnsd.registry.operations import Delete, Mark, Operation, Put
from dnsd.registry.tokens import Tokens
from dnsd.runtime.clock import Clock
from dnsd.runtime.tls import subjects_of

_NEEDS = {(call.method, call.path): call.needs for call in CALLS}
_NOBODY = Token("0" * 16, "nobody", EVERYTHING, 0)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks, as the audit names him, and what he may do; ``token``: what proved it, if anything had to."""

    who: str
    grants: tuple[Grant, ...]
    token: Token | None = field(default=None, repr=False)


_IDENTITY = web.RequestKey("identity", Identity)
ANYBODY = Identity("anybody", EVERYTHING)


class Access:
    """``required``: whoever asks must prove who he is. ``loopback_allowed``: loopback may be registered by anybody who
    may register at all. ``root``: a token that is in no store, for the first and the last resort.
    """

    def __init__(
        self,
        tokens: Tokens,
        clock: Clock,
        *,
        required: bool,
        replica: str,
        loopback_allowed: bool = True,
        root: Token | None = None,
    ) -> None:
        self.required = required
        self.root = root
        self._tokens = tokens
        self._clock = clock
        self._replica = replica
        self._loopback_allowed = loopback_allowed
        self._open: dict[int, tuple[web.Request, Identity]] = {}
        tokens.on_look.append(self.end_revoked)

    def guard(self) -> Middleware:
        """A middleware that lets through who may."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            resource = request.match_info.route.resource
            if resource is None:
                return await handler(request)  # 404 and 405: nothing stands there
            method = "get" if request.method == hdrs.METH_HEAD else request.method.lower()
            identity = self._admitted(request, _NEEDS.get((method, resource.canonical), _UNDESCRIBED))
            request[_IDENTITY] = identity
            if identity.token is None:
                return await handler(request)
            self._open[id(request)] = (request, identity)
            try:
                return await handler(request)
            finally:
                del self._open[id(request)]

        return guard

    def end_revoked(self) -> None:
        """End what is under way for those who may no more: a stream would outlive its token."""
        for request, identity in list(self._open.values()):
            if not self._stands(identity) and request.transport is not None:
                request.transport.abort()

    def author(self, request: web.Request) -> Author:
        """Who is to be written down."""
        return Author(_identity(request).who, request.remote or "", self._replica, self._clock.wall())

    def may_read(self, request: web.Request) -> Callable[[Sequence[str]], bool]:
        """A function that says which services, by the front of a key, may be shown."""
        grants = _identity(request).grants
        if may_all(grants, "read"):
            return lambda _: True
        return lambda key: may(grants, "read", key[0], key[1])

    def check(self, request: web.Request, verb: Verb, keys: Iterable[Sequence[str]]) -> None:
        """Raises Forbidden unless the verb is allowed on the service of each key."""
        identity = _identity(request)
        if may_all(identity.grants, verb):
            return
        for index, key in enumerate(keys):
            if not may(identity.grants, verb, key[0], key[1]):
                raise _refused(identity, verb, key[:2], index)

    def check_operations(self, request: web.Request, operations: Sequence[Operation]) -> None:
        """Raises Forbidden unless each operation is allowed, with the addresses that it registers."""
        identity = _identity(request)
        if identity is ANYBODY and not self.required:
            return  # nobody has to prove who he is: everybody may everything
        for index, operation in enumerate(operations):
            verb = _verb_of(operation)
            if not may(identity.grants, verb, *operation.key[:2]):
                raise _refused(identity, verb, operation.key[:2], index)
            if isinstance(operation, Put) and self.required:
                self._check_places(identity, operation, index)

    def _check_places(self, identity: Identity, put: Put, index: int) -> None:
        """Where the name would point."""
        value, key = put.value, put.key[:2]
        addresses = value.cluster_ips if isinstance(value, Service) else value.addresses
        if self._loopback_allowed and is_unbound(identity.grants, key):
            return
        refused = refused_address(identity.grants, key, addresses)
        if refused is not None:
            raise _placed(f"{identity.who} may not register {refused} in {'/'.join(key)}", index)
        if isinstance(value, Service) and value.external_name and not is_unbound(identity.grants, key):
            raise _placed(
                f"{identity.who} may register addresses of some ranges only, so no external_name in {'/'.join(key)}",
                index,
            )

    def _admitted(self, request: web.Request, need: Need | None) -> Identity:
        if need is None:
            return ANYBODY
        identity = self._proved(request)
        if need is _UNDESCRIBED:
            raise Forbidden("no description says who may call this")
        if self.required and not _is_met(need, identity.grants, request):
            raise _refused(identity, need.verbs[0], _key_of(request, need), None)
        return identity

    def _proved(self, request: web.Request) -> Identity:
        """Who asks. Raises Unauthorized."""
        if not self.required:
            return ANYBODY
        given = request.headers.getall(hdrs.AUTHORIZATION, [])
        if len(given) > 1:
            raise Unauthorized("one Authorization header is needed")
        if given:
            return self._by_token(given[0])
        subjects = subjects_of(request.transport.get_extra_info("peercert") if request.transport else None)
        token = self._tokens.of_subjects(subjects)
        if token is not None and not token.is_expired(self._clock.wall()):
            return Identity(f"certificate {token.name} ({token.subject})", token.grants, token)
        if subjects:
            raise Unauthorized(f"no token stands for the certificate of {subjects[0]!r:.256}, or its time is over")
        raise Unauthorized("send the header Authorization: Bearer TOKEN (dnsd: DNSD_TOKEN or --token-file)")

    def _by_token(self, header: str) -> Identity:
        scheme, _, text = header.partition(" ")
        parts = parts_of(text.strip()) if scheme.lower() == "bearer" else None
        if parts is None:
            raise Unauthorized("Authorization is not Bearer and a token of dnsd")
        known = self._token(parts[0])
        # Somebody who is not there is looked at as long as somebody who is.
        if not (known or _NOBODY).is_proved_by(parts[1]) or known is None:
            if not self._tokens.is_loaded:
                raise StoreUnavailable("not-loaded", "the tokens have not been read yet")
            raise Unauthorized(f"token {parts[0]} is not known, or was revoked")
        if known.is_expired(self._clock.wall()):
            raise Unauthorized(f"the time of token {known.id} is over")
        return Identity("root" if known is self.root else f"token {known.name} ({known.id})", known.grants, known)

    def _token(self, identifier: str) -> Token | None:
        if self.root is not None and identifier == self.root.id:
            return self.root
        found = self._tokens.by_id(identifier)
        return None if found is None or found.subject else found

    def _stands(self, identity: Identity) -> bool:
        token = identity.token
        if token is None:
            return True
        now = self._tokens.of_subjects([token.subject]) if token.subject else self._token(token.id)
        return now == token and not token.is_expired(self._clock.wall())


_UNDESCRIBED = Need((), "all")


def _identity(request: web.Request) -> Identity:
    return request[_IDENTITY]


def _is_met(need: Need, grants: tuple[Grant, ...], request: web.Request) -> bool:
    if need.on == "all":
        return any(may_all(grants, verb) for verb in need.verbs)
    if need.on == "some":
        return any(may_some(grants, verb) for verb in need.verbs)
    return any(may(grants, verb, *_key_of(request, need)) for verb in need.verbs)


def _key_of(request: web.Request, need: Need) -> tuple[str, str]:
    """The service that the path names, folded as its handler folds it."""
    if need.on != "one":
        return ("*", "*")
    return folded(request.match_info["namespace"]), folded(request.match_info["service"])


def _verb_of(operation: Operation) -> Verb:
    match operation:
        case Delete():
            return "delete"
        case Mark():
            return "drain"
        case _:
            return "register"


def _refused(identity: Identity, verb: Verb, key: Sequence[str], index: int | None) -> Forbidden:
    where = "everything" if tuple(key) == ("*", "*") else "/".join(key)
    return _placed(f"{identity.who} may not {verb} {where[:200]}", index)


def _placed(text: str, index: int | None) -> Forbidden:
    fault = Forbidden(text)
    fault.index = index
    return fault
