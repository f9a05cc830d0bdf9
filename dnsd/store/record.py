"""What stands in the store for one object: a *line*, ``<revision> <generation> <lease> <flag> <json>``.

Scripts read the four words in front and never the document. ``lease`` is that of an endpoint in seconds, 0 for a
permanent one; of a service it is the number of endpoints that expiry leaves it (``min_kept``).
Flags: ``d`` declared service, ``i`` implicit service (goes with its last endpoint), ``-`` endpoint,
``x`` draining endpoint, ``f`` endpoint drained by force (not ready either), ``rtncsp`` endpoint that fails its health
check, one letter a kind (``FAILING_FLAGS``). Draining and failing are flags and no part of the document, because they
are the operator's and the checker's: a PUT that repeats the registration leaves them. Who drains is not failing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeVar

from dnsd.codec.stored import endpoint_from_stored, service_from_stored, stored_text
from dnsd.model.change import Change, Removal, RemovalCause
from dnsd.model.errors import Fault, InvalidRecord
from dnsd.model.health import Failing
from dnsd.model.service import Endpoint, EndpointKey, Service, ServiceKey
from dnsd.store.keys import endpoint_key, service_key

Flag = Literal["d", "i", "-", "x", "f", "r", "t", "n", "c", "s", "p", "=", "h"]
"""Two are in no line: ``=`` asks a script to leave the flag as it is, ``h`` to let who fails a check be healthy."""

FAILING_FLAGS: Mapping[Failing, Flag] = {
    "refused": "r",
    "timeout": "t",
    "unreachable": "n",
    "closed": "c",
    "status": "s",
    "not-http": "p",
}
_FAILINGS: Mapping[str, Failing] = {flag: failing for failing, flag in FAILING_FLAGS.items()}

BadRecord = tuple[str, str]
"""The member whose line or name makes no sense, and why."""

LATELY_MOST = 5000
"""So many endpoints are not read again, five times as many as one batch has."""
_lately: dict[EndpointKey, tuple[str, Endpoint]] = {}
"""The endpoints of late, each with its line: what is written here is read again out of the stream, and kept on disk."""

KeyT = TypeVar("KeyT", ServiceKey, EndpointKey)

LINE_CHARACTERS_MOST = 1 << 20
"""Far above what the API takes for one object: whatever is longer was not written by us."""

_WORDS = re.compile(r"(\d{1,16}) (\d{1,16}) \d{1,16} (\S) ", re.ASCII)


def text_of(value: Service | Endpoint) -> str:
    """The document of a line: what of the value is not said by the words in front."""
    return stored_text(replace(value, draining=False) if isinstance(value, Endpoint) and value.draining else value)


def flag_of(value: Service | Endpoint) -> Flag:
    """The flag that a value asks for, when nothing else decides."""
    if isinstance(value, Service):
        return "d" if value.declared else "i"
    if value.draining or value.failing is None:
        return "x" if value.draining else "-"
    return FAILING_FLAGS[value.failing]


def lease_word(value: Service | Endpoint) -> int:
    """The third word of a line."""
    return value.min_kept if isinstance(value, Service) else value.lease_seconds or 0


def line_of(value: Service | Endpoint) -> str:
    """The line of a value. A forced drain is not told from a draining endpoint that is not ready."""
    known = _lately.get(value.key) if isinstance(value, Endpoint) else None
    if known is not None and known[1] is value:
        return known[0]
    return f"{value.revision} {value.generation} {lease_word(value)} {flag_of(value)} {text_of(value)}"


def change_fields(change: Change) -> list[str]:
    """What :func:`read_change` reads: fields and their texts in turn."""
    fields = []
    for removal in change.removals:
        kind = "service" if len(removal.key) == 2 else "endpoint"
        fields += [f"-{kind} {'/'.join(removal.key)}", removal.cause]
    return fields + put_fields(change.puts)


def put_fields(values: Iterable[Service | Endpoint]) -> list[str]:
    """The same of a change that puts these."""
    fields = []
    for value in values:
        kind = "service" if isinstance(value, Service) else "endpoint"
        fields += [f"+{kind} {'/'.join(value.key)}", line_of(value)]
    return fields


def service_of(key: ServiceKey, line: str) -> Service:
    """The service in a line. Raises InvalidRecord."""
    revision, generation, flag, text = _words(line)
    service = service_from_stored(text, *key, revision, generation)
    declared = flag != "i"
    return service if service.declared is declared else replace(service, declared=declared)


def endpoint_of(key: EndpointKey, line: str) -> Endpoint:
    """The endpoint in a line, or the one that was made of it a moment ago. Raises InvalidRecord."""
    known = _lately.get(key)
    if known is not None and known[0] == line:
        return known[1]
    return _remembered(line, _read_endpoint(key, line))


def endpoint_put(value: Endpoint, text: str, line: str) -> Endpoint:
    """The endpoint in the line that became of a PUT: ``value`` itself, where ``text`` is its document and stands there
    as it was sent. Raises InvalidRecord.
    """
    known = _lately.get(value.key)
    if known is not None and known[0] == line:
        return known[1]
    revision, generation, flag, stands = _words(line)
    if flag != "-" or stands != text or value.draining or value.failing is not None:
        return _remembered(line, _read_endpoint(value.key, line))
    return _remembered(line, value.at(revision, generation))


def _remembered(line: str, endpoint: Endpoint) -> Endpoint:
    if len(_lately) >= LATELY_MOST:
        _lately.clear()  # in one step, because threads read lines too
    _lately[endpoint.key] = line, endpoint
    return endpoint


def _read_endpoint(key: EndpointKey, line: str) -> Endpoint:
    revision, generation, flag, text = _words(line)
    endpoint = endpoint_from_stored(text, *key, revision, generation)
    if flag == "-":
        return endpoint
    if flag in _FAILINGS:
        return replace(endpoint, failing=_FAILINGS[flag])
    if flag == "x":
        return replace(endpoint, draining=True)
    return replace(endpoint, draining=True, ready=False) if flag == "f" else endpoint


def value_of(key: ServiceKey | EndpointKey, line: str) -> Service | Endpoint:
    """The service or endpoint in a line. Raises InvalidRecord."""
    return service_of(key, line) if len(key) == 2 else endpoint_of(key, line)


def read_services(pairs: Iterable[tuple[str, str]], bad: list[BadRecord]) -> list[Service]:
    """The services of (member, line) pairs; those that make no sense are put into ``bad``."""
    services = []
    for member, line in pairs:
        key = service_key(member)
        try:
            services.append(service_of(_known(key), line))
        except InvalidRecord as invalid:
            bad.append((member, str(invalid)))
    return services


def read_endpoints(pairs: Iterable[tuple[str, str]], bad: list[BadRecord]) -> list[Endpoint]:
    """The endpoints of (member, line) pairs; those that make no sense are put into ``bad``."""
    endpoints = []
    for member, line in pairs:
        key = endpoint_key(member)
        try:
            endpoints.append(_read_endpoint(_known(key), line))  # each comes once: no use in remembering it
        except InvalidRecord as invalid:
            bad.append((member, str(invalid)))
    return endpoints


def read_change(revision: int, fields: Sequence[str], bad: list[BadRecord]) -> Change:
    """The change in a stream entry: ``+service ns/svc`` -> line, ``-endpoint ns/svc/id`` -> cause, and so on.

    The removal of a service stands for that of all its endpoints. What makes no sense is put into ``bad``.
    """
    puts: list[Service | Endpoint] = []
    removals: list[Removal] = []
    for field, text in zip(fields[::2], fields[1::2], strict=False):
        verb, _, member = field.partition(" ")
        try:
            match verb:
                case "+service":
                    puts.append(service_of(_known(service_key(member)), text))
                case "+endpoint":
                    puts.append(endpoint_of(_known(endpoint_key(member)), text))
                case "-service":
                    removals.append(Removal(_known(service_key(member)), _cause(text)))
                case "-endpoint":
                    removals.append(Removal(_known(endpoint_key(member)), _cause(text)))
        except InvalidRecord as invalid:
            bad.append((member, str(invalid)))
    return Change(revision, tuple(puts), tuple(removals))


def _words(line: str) -> tuple[int, int, str, str]:
    if len(line) > LINE_CHARACTERS_MOST:
        raise InvalidRecord(Fault("", f"{len(line)} characters, at most {LINE_CHARACTERS_MOST} can be ours"))
    found = _WORDS.match(line)
    if found is None:
        raise InvalidRecord(Fault("", f"no line of ours: {line:.60}"))
    revision, generation, flag = found.groups()
    return int(revision), int(generation), flag, line[found.end() :]


def _cause(text: str) -> RemovalCause:
    return "expired" if text == "expired" else "deleted"


def _known(key: KeyT | None) -> KeyT:
    if key is None:
        raise InvalidRecord(Fault("", "no key of ours"))
    return key
