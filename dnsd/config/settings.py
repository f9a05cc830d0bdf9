"""All settings as one value, and the rules that bind several of them together."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from ipaddress import ip_address, ip_network
from itertools import combinations
from typing import Any

from dnsd.config.kinds import masked_url
from dnsd.config.options import OPTIONS
from dnsd.model.errors import InvalidSetting
from dnsd.server.address import Address


@dataclass(frozen=True, slots=True)
class Settings:
    """What ``options`` describes, every default filled in. Times in seconds, sizes in octets.

    ``redis`` is None for the embedded server, ``zones`` None for no static zones; ``advertise`` may be empty when the
    DNS addresses are unspecified ones. Raises InvalidSetting when two settings contradict each other.
    """

    dns: tuple[Address, ...]
    dot: tuple[Address, ...]
    doh: tuple[Address, ...]
    dns_tls_cert: str | None
    dns_tls_key: str | None
    admin: Address
    admin_host: tuple[str, ...]
    tls_cert: str | None
    tls_key: str | None
    tls_client_ca: str | None
    tokens: bool
    root_token_file: str | None
    insecure: bool
    workers: int
    zone: tuple[str, ...]
    reverse: tuple[str, ...]
    advertise: tuple[str, ...]
    zones: str | None
    strict_namespaces: bool
    stale_seconds: float
    negative_ttl_seconds: int
    redis: str | None = field(repr=False)
    redis_prefix: str
    required_copies: int
    allow_eviction: bool
    state_dir: str
    replica: str
    settling_seconds: float
    transfer_to: tuple[str, ...]
    notify: tuple[str, ...]
    tsig_keys: str | None
    forward: tuple[str, ...]
    forward_domain: tuple[str, ...]
    forward_cache_octets: int
    forward_stale_seconds: float
    forward_in_flight: int
    forward_mix_case: bool
    forward_ca_file: str | None
    answer_to: tuple[str, ...]
    forward_for: tuple[str, ...]
    short_names: tuple[str, ...]
    udp_payload: int
    registrations_per_second: int
    quota_services: int
    quota_endpoints: int
    quota_service_endpoints: int
    quota_metadata_octets: int
    tcp_connections: int
    tcp_per_client: int
    tcp_idle_seconds: float
    rate_limit: int
    rate_limit_slip: int
    rate_limit_exempt: tuple[str, ...]
    open_within_seconds: float
    lame_duck_seconds: float
    drain_floor_seconds: float
    log_level: str
    log_format: str
    query_log: int

    def __post_init__(self) -> None:
        self._check_tls()
        self._check_admin()
        self._check_encrypted()
        self._check_reverse()
        self._check_networks()

    @property
    def store_shown(self) -> str:
        """The store's URL for people: without its password."""
        return "embedded" if self.redis is None else masked_url(self.redis)

    def _check_admin(self) -> None:
        wanted = {"tls_cert and tls_key": self.tls_cert, "tokens": self.tokens}
        lacking = [setting for setting, value in wanted.items() if not value]
        if lacking and not self.insecure and not ip_address(self.admin.host).is_loopback:
            raise InvalidSetting(
                f"admin: {str(self.admin)!r} is not on loopback, and {' and '.join(lacking)} are not set: whoever "
                "reaches it could change every name, or overhear who may; set them (tokens = true), use 127.0.0.1 or "
                "[::1], or say insecure = true (--insecure)"
            )
        if self.admin.port and self.admin in self.dns:
            raise InvalidSetting(f"admin: {str(self.admin)!r} is taken by dns already; give it another port")

    def _check_tls(self) -> None:
        if (self.tls_cert is None) != (self.tls_key is None):
            given, lacking = ("tls_cert", "tls_key") if self.tls_cert else ("tls_key", "tls_cert")
            raise InvalidSetting(f"{given}: {getattr(self, given)!r} is of use only with {lacking}")
        if self.tls_client_ca and not self.tls_cert:
            raise InvalidSetting(f"tls_client_ca: {self.tls_client_ca!r} is of use only with tls_cert and tls_key")
        if self.tls_client_ca and not self.tokens:
            raise InvalidSetting(
                f"tls_client_ca: {self.tls_client_ca!r} is of use only with tokens = true: else nobody is asked for one"
            )

    def _check_encrypted(self) -> None:
        for setting in ("dot", "doh"):
            lacking = next((name for name in ("dns_tls_cert", "dns_tls_key") if getattr(self, name) is None), None)
            if getattr(self, setting) and lacking:
                raise InvalidSetting(f"{setting}: {str(getattr(self, setting)[0])!r} needs {lacking}")

    def _check_reverse(self) -> None:
        for one, other in combinations((ip_network(text) for text in self.reverse), 2):
            if one.overlaps(other):
                raise InvalidSetting(f"reverse: {one} and {other} overlap; leave the smaller one out")

    def _check_networks(self) -> None:
        for setting in ("answer_to", "forward_for", "short_names"):
            networks = [text.removeprefix("!").partition(" ")[0] for text in getattr(self, setting)]
            twice = next((network for network in networks if networks.count(network) > 1), None)
            if twice:
                raise InvalidSetting(f"{setting}: {twice} stands there twice, and only one can count; leave one out")


def settings_to_json(settings: Settings) -> str:
    """Settings as text for a child process; it holds secrets."""
    values = {entry.name: getattr(settings, entry.name) for entry in fields(settings)}
    for addresses in ("dns", "dot", "doh"):
        values[addresses] = [str(address) for address in getattr(settings, addresses)]
    values["admin"] = str(settings.admin)
    return json.dumps(values)


def settings_from_json(text: str) -> Settings:
    """What :func:`settings_to_json` wrote, read by the same rules as any other source."""
    given: dict[str, Any] = json.loads(text)
    return Settings(**{name: _reread(name, value) for name, value in given.items()})


def _reread(name: str, value: Any) -> Any:
    option = OPTIONS[name]
    if value is None or value == []:
        return () if option.is_list else None
    return option.read(value)
