import ctypes
import socket

import pytest

from dnsd.server.layout import SHAPES, Block, Headers


def test_a_block_is_pieces_at_known_addresses():
    block = Block(3, 16)
    block.memory[16:20] = b"here"
    assert [address - block.addresses[0] for address in block.addresses] == [0, 16, 32]
    assert ctypes.string_at(block.addresses[1], 4) == b"here"
    assert block.piece(1) == b"here" + bytes(12)


@pytest.mark.parametrize("code", ["H", "I", "L"])
def test_words_of_a_block_are_written_through(code):
    block = Block(3, 16)
    words = block.words(code, 8)
    words[2] = 7
    assert list(words) == [0, 0, 7]
    assert int.from_bytes(block.piece(2)[8:10], "little" if block.piece(2)[8] else "big") == 7


def test_headers_point_at_their_names_and_controls():
    names, controls = Block(4, 16), Block(4, 32)
    headers = Headers(names, controls)
    assert list(headers.names) == list(names.addresses)
    assert list(headers.controls) == list(controls.addresses)
    assert list(headers.control_lengths) == [32] * 4
    assert headers.address(1) - headers.address(0) == 64 or ctypes.sizeof(ctypes.c_void_p) == 4


def test_without_controls_none_is_pointed_at():
    headers = Headers(Block(2, 28), None)
    assert list(headers.controls) == list(headers.control_lengths) == [0, 0]


@pytest.mark.parametrize(("family", "name"), [(socket.AF_INET, 16), (socket.AF_INET6, 28)])
def test_each_family_has_its_shape(family, name):
    assert SHAPES[family].name == name
