"""Labels of a path fold and are checked by full match; ids keep their case."""

import pytest
from aiohttp.test_utils import make_mocked_request

from dnsd.admin import paths
from dnsd.model.errors import InvalidRecord


def request_of(**match_info: str):  # type: ignore[no-untyped-def]
    return make_mocked_request("GET", "/", match_info=match_info)


def test_labels_fold_and_ids_do_not() -> None:
    request = request_of(namespace="Default", service="WEB", id="Web:1._-")
    assert paths.namespace_of(request) == "default"
    assert paths.service_key_of(request) == ("default", "web")
    assert paths.endpoint_key_of(request) == ("default", "web", "Web:1._-")


@pytest.mark.parametrize("label", ["", "-a", "a-", "a_b", "a.b", "a\n", "a b", "x" * 64, "é", "\u212a", "*", "_tcp"])
def test_what_is_no_label(label: str) -> None:
    with pytest.raises(InvalidRecord) as invalid:
        paths.endpoint_key_of(request_of(namespace=label, service=label, id="1"))
    assert [fault.pointer for fault in invalid.value.faults] == ["/namespace", "/service"]


@pytest.mark.parametrize("identifier", ["", "a b", "a/b", "a\n", "x" * 129, "é", "a%"])
def test_what_is_no_id(identifier: str) -> None:
    with pytest.raises(InvalidRecord) as invalid:
        paths.checked_endpoint_key("default", "web", identifier, "/operations/3")
    assert [fault.pointer for fault in invalid.value.faults] == ["/operations/3/id"]


def test_a_long_text_is_not_repeated_whole() -> None:
    with pytest.raises(InvalidRecord) as invalid:
        paths.checked_service_key("x" * 100_000, "web")
    assert len(invalid.value.faults[0].reason) < 400
