"""A body on its way to a value: read as far as it can be, every fault told with its JSON pointer (RFC 6901).

Faults of shape (pydantic's) and of value (the model's) are told together: fields of the wrong shape are left out, so
that the rules of the others are tried all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from dnsd.codec.shapes import EndpointShape, Shape
from dnsd.model.errors import Fault, InvalidRecord
from dnsd.model.service import METADATA_OCTETS_MOST, Endpoint, Service

Refusal = Callable[[str], str | None]
"""Why an address in canonical text may not be registered, or None."""

S = TypeVar("S", bound=Shape)
V = TypeVar("V", Service, Endpoint)


@dataclass
class Reading(Generic[S]):
    """A body on its way to a value: what could be read, which fields could not, and all faults found so far."""

    shape: S
    faults: list[Fault]
    wrong: frozenset[str]

    def refuse(self, placed: list[tuple[str, str]], refusal: Refusal | None) -> None:
        """Note each address that may not be registered."""
        if refusal is None:
            return
        for pointer, text in placed:
            if why := refusal(text):
                self.faults.append(Fault(pointer, why))

    def limit_metadata(self, metadata: Mapping[str, str]) -> None:
        """Note metadata that is too large."""
        if not metadata:
            return
        octets = sum(len(key.encode()) + len(value.encode()) for key, value in metadata.items())
        if octets > METADATA_OCTETS_MOST:
            self.faults.append(Fault("/metadata", f"{octets} octets, at most {METADATA_OCTETS_MOST} are kept"))

    def build(self, birth: Callable[[], V], known_as: Callable[[], Mapping[str, str]] = dict) -> V:
        """The value, or InvalidRecord with these faults and the value's own. ``known_as``: from a pointer of the model
        to the one that the writer of the body knows, where they differ.
        """
        try:
            value = birth()
        except InvalidRecord as invalid:
            own = [fault for fault in invalid.faults if fault.pointer.split("/")[1] not in self.wrong]
            pointers = known_as()
            raise InvalidRecord(*self.faults, *(_placed(fault, pointers) for fault in own)) from None
        if self.faults:
            raise InvalidRecord(*self.faults)
        return value


def _placed(fault: Fault, pointers: Mapping[str, str]) -> Fault:
    parts = fault.pointer.split("/")
    return Fault(pointers.get("/".join(parts[:3]), fault.pointer), fault.reason)


def read_shape(shape: type[S], document: object) -> S:
    """The body in this shape. Raises InvalidRecord with all faults of shape."""
    try:
        return shape.model_validate(document)
    except ValidationError as invalid:
        raise InvalidRecord(*_shape_faults(shape, invalid)) from None


def read(shape: type[S], document: object) -> Reading[S]:
    """Read the body; where it has faults, read it again without the faulty fields to find those of the others too."""
    try:
        return Reading(shape.model_validate(document), [], frozenset())
    except ValidationError as invalid:
        faults = _shape_faults(shape, invalid)
        wrong = frozenset(str(error["loc"][0]) for error in invalid.errors() if error["loc"])
    if not isinstance(document, dict):
        raise InvalidRecord(*faults)
    sound = {field: given for field, given in document.items() if field in shape.model_fields and field not in wrong}
    return Reading(shape.model_validate(sound), faults, wrong)


def _shape_faults(shape: type[Shape], invalid: ValidationError) -> list[Fault]:
    return [_fault(shape, error) for error in invalid.errors(include_url=False)]


def _fault(shape: type[Shape], error: Any) -> Fault:
    place = list(error["loc"])
    if shape is EndpointShape and place[:1] == ["ports"]:
        del place[1:2]  # pydantic puts the name of the form chosen (PORTS_BY_NAME, PORTS_LISTED) there
    if place[2:] and place[-1] == "[key]":
        del place[-1]  # pydantic's word for "the key itself is wrong"
    reason = str(error["ctx"]["error"]) if error["type"] == "value_error" else error["msg"]
    return Fault("".join(f"/{escaped(step)}" for step in place), _REASONS.get(error["type"], reason))


def escaped(step: str | int) -> str:
    """One step of a JSON pointer (RFC 6901 3)."""
    return str(step).replace("~", "~0").replace("/", "~1")


_REASONS = {
    "extra_forbidden": "unknown field",
    "missing": "is missing",
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "string_type": "must be a string",
    "dict_type": "must be a JSON object",
    "list_type": "must be a list",
}
