"""What a door brings to every question besides its bytes: transport, sizes, the moment, the cookie secret."""

from __future__ import annotations

from dnsd.answer.edns import COOKIE_OCTETS, opt_octets, option_octets
from dnsd.answer.transfer import NOBODY
from dnsd.codec.tsig import Keyring
from dnsd.model.message import TCP_PAYLOAD_MOST, UDP_PAYLOAD_DEFAULT, UDP_PAYLOAD_LEAST, Option


class Terms:
    """Terms of one door; it sets ``now`` (unix seconds) before each batch.

    ``payload_most``: the ceiling of UDP replies with EDNS, in octets; ``cookie_secret``: 16 octets shared by all
    replicas, none: cookies are ignored; ``version``: what ``version.bind`` and ``identity`` what ``id.server`` tell in
    class CH, none: REFUSED; ``transfer_to``: who may have our zones; ``keyring``: the keys that requests are signed
    with.
    """

    __slots__ = (
        "cookie_opts",
        "cookie_secret",
        "identity",
        "is_tcp",
        "keyring",
        "now",
        "opts",
        "payload_most",
        "plain_limit",
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
        self.payload_most = payload_most
        self.plain_limit = TCP_PAYLOAD_MOST if is_tcp else UDP_PAYLOAD_LEAST
        self.cookie_secret = cookie_secret
        self.version = version
        self.identity = identity
        self.now = 0
        self.transfer_to = NOBODY
        self.keyring: Keyring | None = None
        self.opts = (opt_octets(payload_most, is_do=False), opt_octets(payload_most, is_do=True))
        cookie = option_octets(Option.COOKIE, bytes(COOKIE_OCTETS))
        self.cookie_opts = tuple(opt_octets(payload_most, is_do, cookie)[:-COOKIE_OCTETS] for is_do in (False, True))

    def limit(self, offered: int) -> int:
        """Octets a reply may have when the client's OPT offers so many (below 512 counts as 512, RFC 6891 6.2.3)."""
        if self.is_tcp:
            return TCP_PAYLOAD_MOST
        return max(UDP_PAYLOAD_LEAST, min(offered, self.payload_most))
