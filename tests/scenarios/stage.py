"""The stage of a play: a catalog as its lines describe it, and questions put to ``respond`` as a door would."""

import re
from ipaddress import ip_address
from typing import Any

import dns.edns
import dns.message
import dns.opcode
import dns.rdataclass
from scenarios.play import Step

from dnsd.answer.complete import respond_completely
from dnsd.answer.cookies import server_cookie
from dnsd.answer.respond import respond
from dnsd.answer.terms import Terms
from dnsd.authority.catalog import Catalog
from dnsd.authority.reverse import PRIVATE_RANGES
from dnsd.codec.zonefile import read_zone
from dnsd.model.change import Change, Removal
from dnsd.model.message import Outcome
from dnsd.model.names import name_from_text
from dnsd.model.rrset import ZoneData
from dnsd.model.service import Endpoint, Port, Service, ServicePort

PEER, SECRET, NOW, CLIENT_COOKIE = b"\xc0\0\2\1", b"0123456789abcdef", 1_700_000_000, b"clientck"
GOOD_COOKIE = CLIENT_COOKIE + server_cookie(CLIENT_COOKIE, PEER, NOW, SECRET)


class Stage:
    """Lines of the stage are gathered until the first question; later ones are changes, one revision each."""

    def __init__(self) -> None:
        self.origin = "."
        self._domain: dict[str, list[str]] = {
            "zones": ["cluster.local"],
            "reverse": list(PRIVATE_RANGES),
            "advertise": ["192.0.2.53"],
        }
        self._terms: dict[str, Any] = {}
        self._static: list[ZoneData] = []
        self._objects: list[Service | Endpoint] = []
        self._is_loaded = True
        self._now = 0.0
        self._catalog: Catalog | None = None

    @property
    def catalog(self) -> Catalog:
        """The catalog, raised when it is first needed."""
        if self._catalog is None:
            zones = [name_from_text(zone) for zone in self._domain["zones"]]
            self._catalog = Catalog(zones, self._domain["reverse"], self._domain["advertise"])
            self._catalog.set_static(self._static)
            if self._is_loaded:
                services = [each for each in self._objects if isinstance(each, Service)]
                self._catalog.load(services, [each for each in self._objects if isinstance(each, Endpoint)], 7)
        return self._catalog

    def set(self, step: Step) -> None:
        """Take one line of the stage in."""
        if step.word in self._domain:
            self._domain[step.word] = step.rest
        else:
            getattr(self, f"_set_{step.word}")(step)

    def terms(self, is_tcp: bool) -> Terms:
        """The terms of the door for one transport."""
        made = Terms(is_tcp, **self._terms)
        made.now = NOW
        return made

    def respond(self, packet: bytes, chance: int, terms: Terms) -> Outcome:
        """The outcome, which must be the same on the fast way and on the complete one."""
        outcome = respond(packet, PEER, chance, self.catalog.table, terms)
        assert outcome == respond_completely(packet, PEER, chance, self.catalog.table, terms)
        return outcome

    def _set_origin(self, step: Step) -> None:
        self.origin = step.rest[0].removesuffix(".") + "."

    def _set_payload(self, step: Step) -> None:
        self._terms["payload_most"] = int(step.rest[0])

    def _set_cookies(self, _: Step) -> None:
        self._terms["cookie_secret"] = SECRET

    def _set_version(self, step: Step) -> None:
        self._terms["version"] = step.rest[0]

    def _set_identity(self, step: Step) -> None:
        self._terms["identity"] = step.rest[0]

    def _set_not(self, step: Step) -> None:
        assert step.rest == ["loaded"]
        self._is_loaded = False

    def _set_static(self, step: Step) -> None:
        name = step.rest[0]
        self._static.append(read_zone("\n".join(step.below) + "\n", name, name_from_text(name)).data)

    def _set_pass(self, step: Step) -> None:
        self._now += float(step.rest[0])
        if self.catalog.is_due(self._now):
            self._change()

    def _set_service(self, step: Step) -> None:
        fields = _fields(step.rest[1:])
        ports = tuple(_service_port(text) for text in fields.get("port", ()))
        namespace, name = step.rest[0].split("/")
        self._put(
            Service(
                namespace,
                name,
                ports,
                tuple(fields.get("ip", ())),
                external_name=fields.get("external", [None])[0],
                ttl_seconds=int(fields.get("ttl", ["5"])[0]),
                when_empty=fields.get("empty", ["nodata"])[0],  # type: ignore[arg-type]
                publish_not_ready="unready" in fields,
            )
        )

    def _set_endpoint(self, step: Step) -> None:
        addresses = [word for word in step.rest[1:] if _is_address(word)]
        self._put(_endpoint(step.rest[0], addresses, step.rest[1 + len(addresses) :]))

    def _set_endpoints(self, step: Step) -> None:
        service, number, first, *words = step.rest
        for each in range(int(number)):
            self._put(_endpoint(f"{service}/e-{each}", [str(ip_address(first) + each)], words))

    def _set_delete(self, step: Step) -> None:
        self._change(removals=(Removal(tuple(step.rest[0].split("/")), "deleted"),))  # type: ignore[arg-type]

    def _set_expire(self, step: Step) -> None:
        removals = tuple(Removal(tuple(key.split("/")), "expired") for key in step.rest)  # type: ignore[arg-type]
        self._change(removals=removals)

    def _put(self, value: Service | Endpoint) -> None:
        if self._catalog is None:
            self._objects.append(value)
        else:
            self._change(puts=(value,))

    def _change(self, **fields: Any) -> None:
        self.catalog.apply(Change(self.catalog.table.revision + 1, **fields), self._now)


def _fields(words: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for word in words:
        key, _, value = word.partition("=")
        found.setdefault(key, []).append(value)
    return found


def _service_port(text: str) -> ServicePort:
    name, protocol, number, *target = text.split("/")
    behind = (int(target[0]) if target[0].isdigit() else target[0]) if target else None
    return ServicePort(name, protocol, int(number), behind)  # type: ignore[arg-type]


def _endpoint(key: str, addresses: list[str], words: list[str]) -> Endpoint:
    fields = _fields(words)
    split = [text.split("/") for text in fields.get("port", ())]
    return Endpoint(
        *key.split("/"),
        tuple(addresses),
        tuple(Port(name, protocol, int(number)) for name, protocol, number in split),  # type: ignore[arg-type]
        weight=int(fields.get("weight", ["100"])[0]),
        priority=int(fields.get("priority", ["0"])[0]),
        hostname=fields.get("host", [None])[0],
        ready="unready" not in fields,
        draining="draining" in fields,
    )


def _is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True


def question(words: list[str], origin: str) -> bytes:
    """The packet of an ``ask`` line, its words on the transport aside."""
    name, rtype, *more = words
    fields = _fields(more)
    rclass = dns.rdataclass.from_text(fields.get("class", ["IN"])[0])
    message = dns.message.make_query(dns.name.from_text(name, dns.name.from_text(origin)), rtype, rclass, id=0x1234)
    message.flags = (
        (0 if "nord" in fields else 0x100) | (0x20 if "ad" in fields else 0) | (0x10 if "cd" in fields else 0)
    )
    message.set_opcode(dns.opcode.Opcode(int(fields.get("opcode", ["0"])[0])))
    if fields.keys() & {"edns", "do", "edns-version", "edns-flags", "cookie", "option"}:
        flags = int(fields.get("edns-flags", ["0"])[0], 0) | (0x8000 if "do" in fields else 0)
        version, payload = int(fields.get("edns-version", ["0"])[0]), int(fields.get("edns", ["1232"])[0])
        message.use_edns(version, flags, payload, options=_options(fields))
    return message.to_wire()


def _options(fields: dict[str, list[str]]) -> list[dns.edns.Option]:
    split = [text.split(":") for text in fields.get("option", ())]
    split += [["10", GOOD_COOKIE.hex() if text == "good" else text] for text in fields.get("cookie", ())]
    return [dns.edns.GenericOption(int(code), bytes.fromhex(content)) for code, content in split]


def octets(words: list[str]) -> bytes:
    """The packet of a ``send`` line."""
    return b"".join(map(_octets, words))


def _octets(word: str) -> bytes:
    repeated = re.fullmatch(r"(\d+)\*(.+)", word)
    if repeated:
        return int(repeated[1]) * _octets(repeated[2])
    if word.startswith('"'):
        return name_from_text(word.strip('"'))
    if word.startswith("'"):
        return name_from_text(word.strip("'"))[:-1]
    return bytes.fromhex(word)
