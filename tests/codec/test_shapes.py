"""The shapes are strict, and every field of an outermost one has a default."""

import pytest
from pydantic import ValidationError

from dnsd.codec.shapes import ADDRESSES_MOST, PORTS_MOST, EndpointShape, PatchShape, PortShape, ServiceShape, Shape


@pytest.mark.parametrize("shape", [ServiceShape, EndpointShape, PatchShape])
def test_an_outermost_shape_can_be_read_without_its_faulty_fields(shape: type[Shape]) -> None:
    assert shape.model_validate({}).model_fields_set == set()


@pytest.mark.parametrize("given", [True, 1.0, "1", None, [1]])
def test_a_number_is_a_number(given: object) -> None:
    with pytest.raises(ValidationError):
        PortShape.model_validate({"port": given})


@pytest.mark.parametrize("given", ["tcp", "TCP", "Tcp"])
def test_a_protocol_folds(given: str) -> None:
    assert PortShape.model_validate({"port": 1, "protocol": given}).protocol == "TCP"


@pytest.mark.parametrize("given", [5, None, ["TCP"], "\u017ftcp"])
def test_another_protocol_is_none(given: object) -> None:
    with pytest.raises(ValidationError):
        PortShape.model_validate({"port": 1, "protocol": given})


@pytest.mark.parametrize(
    ("field", "most", "item"), [("addresses", ADDRESSES_MOST, "192.0.2.1"), ("ports", PORTS_MOST, {"port": 1})]
)
def test_lists_are_bounded(field: str, most: int, item: object) -> None:
    assert len(getattr(EndpointShape.model_validate({field: [item] * most}), field)) == most
    with pytest.raises(ValidationError):
        EndpointShape.model_validate({field: [item] * (most + 1)})
