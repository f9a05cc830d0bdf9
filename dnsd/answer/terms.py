"""What a door brings to every question besides its bytes: transport, sizes, the moment, the cookie secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.answer.access import EVERYBODY
from dnsd.answer.allowed import NOBODY
from dnsd.answer.edns import COOKIE_OCTETS, extended_error, opt_octets, option_octets
from dnsd.codec.tsig import Keyring
from dnsd.model.message import TCP_PAYLOAD_MOST, UDP_PAYLOAD_DEFAULT, UDP_PAYLOAD_LEAST, ExtendedError, Option
from dnsd.model.names import Name

if TYPE_CHECKING:
    from dnsd.answer.short import ShortNames


class Terms:
    """Terms of one door; it sets ``now`` (unix seconds) before each batch.

    ``payload_most``: the ceiling of UDP replies with EDNS, in octets; ``cookie_secret``: 16 octets shared by all
    replicas, none: cookies are ignored; ``version``: what ``version.bind`` and ``identity`` what ``id.server`` tell in
    class CH, none: REFUSED; ``access``: who may ask; ``short_names``: whose single labels are services, none: nobody's;
    ``forwarding``: none where nothing is forwarded, else our reverse zones whose missing names an upstream may know;
    ``transfer_to``: who may have our zones; ``keyring``: the keys that requests are signed with; ``is_encrypted``:
    whoever pads questions gets padded answers.
    """

    __slots__ = (
        "_is_stale",
        "access",
        "cookie_opts",
        "cookie_secret",
        "forwarding",
        "identity",
        "is_encrypted",
        "is_tcp",
        "keyring",
        "now",
        "opts",
        "payload_most",
        "plain_limit",
        "short_names",
        "transfer_to",
        "version",
    )

    def __init__(
        self,
        is_tcp: bool = False,
        payload_most: int = UDP_PAYLOAD_DEFAULT,
        cookie_secret: bytes = b"",
        version: str = "",
        identity: str = "",
    ) -> None:
        self.is_tcp = is_tcp
        self.is_encrypted = False
        self.payload_most = payload_most
        self.plain_limit = TCP_PAYLOAD_MOST if is_tcp else UDP_PAYLOAD_LEAST
        self.cookie_secret = cookie_secret
        self.version = version
        self.identity = identity
        self.now = 0
        self.access = EVERYBODY
        self.short_names: ShortNames | None = None
        self.forwarding: frozenset[Name] | None = None
        self.transfer_to = NOBODY
        self.keyring: Keyring | None = None
        self.is_stale = False

    @property
    def is_stale(self) -> bool:
        """True while the registry was not heard for so long that answers say so (RFC 8914 4.4)."""
        return self._is_stale

    @is_stale.setter
    def is_stale(self, is_stale: bool) -> None:
        self._is_stale = is_stale
        said = extended_error(ExtendedError.STALE_ANSWER) if is_stale else b""
        cookie = said + option_octets(Option.COOKIE, bytes(COOKIE_OCTETS))
        self.opts = tuple(opt_octets(self.payload_most, is_do, said) for is_do in (False, True))
        self.cookie_opts = tuple(
            opt_octets(self.payload_most, is_do, cookie)[:-COOKIE_OCTETS] for is_do in (False, True)
        )

    def limit(self, offered: int) -> int:
        """Octets a reply may have when the client's OPT offers so many (below 512 counts as 512, RFC 6891 6.2.3)."""
        if self.is_tcp:
            return TCP_PAYLOAD_MOST
        return max(UDP_PAYLOAD_LEAST, min(offered, self.payload_most))
