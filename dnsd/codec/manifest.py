"""Kubernetes manifests, as people have them, into services and endpoints: all of a text, or every fault in it.

To add a kind: give it a line in ``_KINDS`` and a method of ``_Reading`` that takes its fields.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dnsd.codec.manifest_endpoints import Part, parts_of_endpoints, parts_of_slice, united
from dnsd.codec.manifest_fields import Fields, Findings, Subject
from dnsd.codec.manifest_service import name_of, service_from
from dnsd.codec.manifest_text import Document, documents_of
from dnsd.codec.reading import Refusal
from dnsd.model import names
from dnsd.model.errors import InvalidRecord
from dnsd.model.service import Endpoint, Service, ServiceKey

LIST_NESTING_MOST = 4


@dataclass(frozen=True, slots=True)
class Manifests:
    """What a text of manifests means: services first, then endpoints, each key once; and notes on what was skipped.

    A note counts documents from 0, as the pointers of faults do.
    """

    values: tuple[Service | Endpoint, ...]
    notes: tuple[str, ...]


def read_manifests(text: str | bytes, refusal: Refusal | None = None) -> Manifests:
    """Read v1 Service, Endpoints, Namespace and List, discovery.k8s.io/v1 EndpointSlice, as YAML or JSON.

    Endpoints of the whole text are united by address. Raises InvalidRecord with every fault; a pointer is
    ``/documents/<n from 0>/spec/ports/0/port``, and the reason ends in the object and, for YAML, the line.
    ``refusal``: which addresses may not be registered; None: all may.
    """
    reading = _Reading(Findings(refusal=refusal))
    try:
        for document in documents_of(text):
            reading.document(document)
    except InvalidRecord as broken_text:
        for fault in broken_text.faults:
            reading.findings.fault(fault)
    endpoints = tuple(united(reading.parts))
    reading.findings.raise_any()
    return Manifests((*reading.services.values(), *endpoints), reading.findings.all_notes())


class _Reading:
    """One text being read: what has been found in it so far."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.services: dict[ServiceKey, Service] = {}
        self.parts: list[Part] = []

    def document(self, document: Document) -> None:
        """The next document of the text; an empty one means nothing."""
        if document.value is not None:
            pointer = f"/documents/{document.index}"
            self.object(document.value, pointer, document.index, document.line, ("", ""), LIST_NESTING_MOST)

    def object(
        self, value: object, pointer: str, index: int, line: int, assumed: tuple[str, str], nesting: int
    ) -> None:
        """One object or list of objects; ``assumed`` are apiVersion and kind of a list's items that do not say."""
        if not isinstance(value, dict):
            Subject("document", index, self.findings).fault(pointer, "a manifest is a mapping", line)
            return
        fields = Fields(value, pointer, Subject(_title(value, assumed[1]), index, self.findings), line)
        api_version = fields.text("apiVersion") or assumed[0]
        kind = fields.text("kind") or assumed[1]
        read = _KINDS.get((api_version, kind))
        if read is not None:
            read(self, fields)
        elif (item := _ITEM_KINDS.get((api_version, kind))) is not None:
            self.items(fields, index, item, nesting)
        elif not api_version or not kind:
            fields.fault("kind" if api_version else "apiVersion", "is missing")
        else:
            fields.subject.note(_why_skipped(api_version, kind))

    def items(self, fields: Fields, index: int, item: tuple[str, str], nesting: int) -> None:
        """The items of a list. Those of a typed list, as the Kubernetes API gives it, need not say their kind."""
        if not nesting:
            fields.fault_here(f"lists in lists, more than {LIST_NESTING_MOST} deep")
            return
        for at, value in enumerate(fields.items("items")):
            self.object(value, f"{fields.at('items')}/{at}", index, fields.line, item, nesting - 1)

    def service(self, fields: Fields) -> None:
        """A Service; a second one of the same name replaces the first, as applying them in turn would."""
        service = service_from(fields)
        if service is None:
            return
        if service.key in self.services:
            fields.subject.note("stands twice, the later one counts")
        self.services[service.key] = service

    def endpoints(self, fields: Fields) -> None:
        """An Endpoints object."""
        self.parts.extend(parts_of_endpoints(fields))

    def slice(self, fields: Fields) -> None:
        """An EndpointSlice."""
        self.parts.extend(parts_of_slice(fields))

    def namespace(self, fields: Fields) -> None:
        """A Namespace: nothing to make, since namespaces need no declaration; its name must be one all the same."""
        metadata = fields.fields("metadata")
        if not names.is_label(name_of(metadata)):
            metadata.fault("name", f"{metadata.text('name')!r} is not a label (RFC 1123)")


_KINDS: dict[tuple[str, str], Callable[[_Reading, Fields], None]] = {
    ("v1", "Service"): _Reading.service,
    ("v1", "Endpoints"): _Reading.endpoints,
    ("v1", "Namespace"): _Reading.namespace,
    ("discovery.k8s.io/v1", "EndpointSlice"): _Reading.slice,
}
_ITEM_KINDS = {("v1", "List"): ("", ""), **{(version, f"{kind}List"): (version, kind) for version, kind in _KINDS}}


def _title(value: dict[str, object], assumed_kind: str) -> str:
    """How people call an object: kind and name, with the namespace where it is stated."""
    kind = value.get("kind") or assumed_kind
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    namespace = metadata.get("namespace") if isinstance(metadata, dict) else None
    title = " ".join(
        str(part) for part in (kind or "object", f"{namespace}/{name}" if namespace and name else name) if part
    )
    return title[:160]


def _why_skipped(api_version: str, kind: str) -> str:
    versions = [version for version, known in _KINDS if known == kind]
    return f"is {api_version}, dnsd reads {versions[0]}, skipped" if versions else "is not for dnsd, skipped"
