"""One record of a reply as JSON: its names and its data in master-file text."""

from __future__ import annotations

from dnsd.codec.wire import Answered, class_to_text, type_to_text
from dnsd.codec.zonefile_rdata import rdata_to_text
from dnsd.model.names import name_to_text


def record_document(record: Answered) -> dict[str, object]:
    """``{"name", "ttl", "class", "type", "data"}``."""
    return {
        "name": name_to_text(record.owner),
        "ttl": record.ttl,
        "class": class_to_text(record.rclass),
        "type": type_to_text(record.rtype),
        "data": rdata_to_text(record.rtype, record.rdata),
    }
