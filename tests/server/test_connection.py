import socket
import struct

import pytest

from dnsd.server.connection import (
    ANSWERS_MOST,
    READ_OCTETS,
    STALLED_SECONDS,
    UNSENT_OCTETS_MOST,
    WHOLE_MESSAGE_SECONDS,
    Connection,
    Later,
)


class House:
    """The host of one connection, its clock and its selector turned by hand."""

    def __init__(self, respond, room: int = 1 << 30) -> None:
        self.time = 100.0
        self.left: str | None = None
        self.is_reading, self.is_writing = True, False
        self.served_times = 0
        self.asked_times = 0
        self.held = 0
        self.streams = []
        self.streams_ended = 0
        self.later: list[Later] = []
        self._room = room
        self._respond = respond

    def now(self) -> float:
        return self.time

    def answer(self, packet: bytes, peer: bytes) -> bytes:
        self.asked_times += 1
        if self.streams:
            return self.streams.pop()
        if packet.endswith(b"later"):
            self.later.append(Later())
            return self.later[-1]
        outcome = self._respond(packet, peer, 0, None, None)
        return outcome[0] if isinstance(outcome, tuple) else b""

    def transferred(self) -> None:
        self.streams_ended += 1

    def served(self, connection: Connection) -> None:
        self.served_times += 1

    def watch(self, connection: Connection, *, is_reading: bool, is_writing: bool) -> None:
        self.is_reading, self.is_writing = is_reading, is_writing

    def hold(self, octets: int) -> bool:
        self.held += octets
        return self.held <= self._room

    def leave(self, connection: Connection, reason: str) -> None:
        assert self.left is None
        self.left = reason


@pytest.fixture
def peer():
    with socket.socketpair()[0] as end:
        yield end


@pytest.fixture
def house(respond):
    return House(respond)


@pytest.fixture
def line(house):
    """The peer's end of a connection, and the connection."""
    peer, ours = socket.socketpair()
    ours.setblocking(False)
    peer.settimeout(2)
    connection = Connection(ours, b"\x7f\0\0\1", b"\x7f\0\0\1", house)
    yield peer, connection
    peer.close()
    ours.close()


def _framed(*packets: bytes) -> bytes:
    return b"".join(struct.pack(">H", len(packet)) + packet for packet in packets)


def _read_frames(peer: socket.socket, number: int) -> list[bytes]:
    with peer.makefile("rb") as lines:
        return [lines.read(int.from_bytes(lines.read(2))) for _ in range(number)]


def test_a_question_is_answered(line, house, ask, answered):
    peer, connection = line
    peer.send(_framed(ask(1)))
    connection.read()
    assert peer.recv(100) == _framed(answered(1))
    assert (house.left, house.held, house.served_times) == (None, 0, 1)


def test_a_question_may_come_octet_by_octet(line, house, ask, answered):
    peer, connection = line
    for octet in _framed(ask(1), ask(2)):
        peer.send(bytes([octet]))
        connection.read()
    assert _read_frames(peer, 2) == [answered(1), answered(2)]
    assert house.held == 0


@pytest.mark.parametrize("cut", [1, 2, 3, 20, 37])
def test_a_question_may_come_in_two_parts(line, ask, answered, cut):
    peer, connection = line
    stream = _framed(ask(1), ask(2), ask(3))
    for part in (stream[:cut], stream[cut:]):
        peer.send(part)
        connection.read()
    assert _read_frames(peer, 3) == [answered(1), answered(2), answered(3)]


def test_many_questions_at_once_are_answered_in_one_turn(line, ask, answered):
    peer, connection = line
    peer.send(_framed(*(ask(number) for number in range(100))))
    connection.read()
    assert _read_frames(peer, 100) == [answered(number) for number in range(100)]


def test_the_longest_message_is_a_message(line, ask, answered):
    peer, connection = line
    longest = bytes(range(256)) * 255 + bytes(255 - 12)
    stream = _framed(ask(1, longest), ask(2))
    for start in range(0, len(stream), READ_OCTETS):
        peer.send(stream[start : start + READ_OCTETS])
        connection.read()
    assert len(longest) == 65_535 - 12
    assert _read_frames(peer, 2) == [answered(1, longest), answered(2)]


@pytest.mark.parametrize("length", [0, 1, 11])
def test_a_length_that_no_message_has_ends_the_connection_after_the_answers(line, house, ask, answered, length):
    peer, connection = line
    peer.send(_framed(ask(1)) + struct.pack(">H", length) + bytes(length) + _framed(ask(2)))
    connection.read()
    assert _read_frames(peer, 1) == [answered(1)]
    assert (house.left, house.asked_times, house.held) == ("malformed", 1, 0)


@pytest.mark.parametrize("body", [b"silence", b"forward"])
def test_what_gets_no_answer_ends_the_connection(line, house, ask, answered, body):
    # "a connection is answered or closed, never held": a client that waits for nothing would wait for ever.
    peer, connection = line
    peer.send(_framed(ask(1), ask(2, body), ask(3)))
    connection.read()
    assert _read_frames(peer, 1) == [answered(1)]
    assert house.left == "malformed"


def test_a_peer_that_ended_its_side_gets_its_answers(line, house, ask, answered):
    peer, connection = line
    peer.send(_framed(ask(1), ask(2)) + b"\0")
    peer.shutdown(socket.SHUT_WR)
    connection.read()
    assert house.left is None
    connection.read()
    assert house.left == ""
    assert _read_frames(peer, 2) == [answered(1), answered(2)]
    assert peer.recv(1) == b""


def test_a_peer_that_is_gone_ends_the_connection(line, house, ask):
    peer, connection = line
    peer.close()
    connection.read()
    assert house.left == ""
    connection.close("again")


def _stall(peer: socket.socket, connection: Connection, house: House, ask, size: int = 1000) -> int:
    """Ask without reading until the connection takes no more; returns how many were asked."""
    asked = 0
    while house.is_reading and house.left is None:
        assert asked < 100_000
        peer.send(_framed(*(ask(number & 0xFFFF, b"size %d" % size) for number in range(asked, asked + 10))))
        asked += 10
        connection.read()
    return asked


def test_while_the_peer_does_not_read_nothing_more_is_read_and_little_is_kept(line, house, ask):
    peer, connection = line
    asked = _stall(peer, connection, house, ask)
    assert connection.is_owed
    assert (house.is_reading, house.is_writing) == (False, True)
    assert house.held <= UNSENT_OCTETS_MOST + READ_OCTETS + 65_537

    answers = []
    with peer.makefile("rb") as lines:
        while len(answers) < asked:
            if house.is_writing:
                connection.write()
            answers.append(lines.read(int.from_bytes(lines.read(2)))[:2])
    assert answers == [struct.pack(">H", number & 0xFFFF) for number in range(asked)]
    assert (house.is_reading, house.is_writing, house.held) == (True, False, 0)
    assert not connection.is_owed


def test_of_large_answers_fewer_are_made_at_once(line, house, ask):
    peer, connection = line
    _stall(peer, connection, house, ask, size=60_000)
    assert house.held <= UNSENT_OCTETS_MOST + 65_537 + READ_OCTETS


def test_a_peer_that_ended_its_side_is_closed_when_it_has_read_all(line, house, ask):
    peer, connection = line
    asked = _stall(peer, connection, house, ask)
    connection.finish()
    peer.shutdown(socket.SHUT_WR)
    assert house.left is None
    with peer.makefile("rb") as lines:
        for _ in range(asked):
            if house.left is None:
                connection.write()
            assert len(lines.read(int.from_bytes(lines.read(2)))) == 1000
    assert house.left == ""


def test_too_much_kept_memory_ends_the_connection(respond, ask):
    house = House(respond, room=10)
    peer, ours = socket.socketpair()
    with peer, ours:
        ours.setblocking(False)
        connection = Connection(ours, b"\x7f\0\0\1", b"\x7f\0\0\1", house)
        peer.send(_framed(ask(1))[:10])
        connection.read()
        assert house.left is None
        peer.send(_framed(ask(1))[10:15])
        connection.read()
        assert house.left == "memory"
        assert house.held == 0


def test_finishing_answers_what_has_come_and_closes(line, house, ask, answered):
    peer, connection = line
    peer.send(_framed(ask(1)))
    connection.finish()
    assert house.left == ""
    assert _read_frames(peer, 1) == [answered(1)]


def test_finishing_a_silent_connection_closes_it(line, house):
    _, connection = line
    connection.finish()
    assert house.left == ""


def test_silence_is_allowed_for_the_idle_time(line, house, ask):
    peer, connection = line
    assert connection.overdue(109.9, 10) == ""
    assert connection.overdue(110.0, 10) == "idle"
    house.time = 105.0
    peer.send(_framed(ask(1)))
    connection.read()
    assert connection.overdue(114.9, 10) == ""
    assert connection.overdue(115.0, 10) == "idle"


def test_a_message_must_be_whole_soon_after_its_first_octet(line, house, ask):
    peer, connection = line
    house.time = 109.0
    for octet in _framed(ask(1))[:-1]:
        peer.send(bytes([octet]))
        connection.read()
        house.time += 0.1
    assert connection.overdue(109.0 + WHOLE_MESSAGE_SECONDS - 0.01, 10) == ""
    assert connection.overdue(109.0 + WHOLE_MESSAGE_SECONDS, 10) == "slow"


def test_the_first_octet_of_the_next_message_starts_its_own_time(line, house, ask):
    peer, connection = line
    stream = _framed(ask(1))
    peer.send(stream[:5])
    connection.read()
    house.time += 1.5
    peer.send(stream[5:] + b"\0")
    connection.read()
    assert connection.overdue(house.time + 1.9, 10) == ""
    assert connection.overdue(house.time + 2.0, 10) == "slow"


def test_a_peer_that_does_not_read_has_its_time(line, house, ask):
    peer, connection = line
    house.time = 200.0
    _stall(peer, connection, house, ask)
    assert connection.overdue(200.0 + STALLED_SECONDS - 0.01, 0.5) == ""
    assert connection.overdue(200.0 + STALLED_SECONDS, 10) == "stalled"


def test_patience_stretches_the_time_of_a_message(line, house):
    peer, connection = line
    house.time = 109.0
    peer.send(b"\0")
    connection.read()
    assert connection.overdue(109.0 + WHOLE_MESSAGE_SECONDS, 20, 2.0) == ""
    assert connection.overdue(109.0 + WHOLE_MESSAGE_SECONDS / 5, 2, 0.2) == "slow"


def test_a_patient_server_waits_longer_for_its_answers_to_be_read(line, house, ask):
    peer, connection = line
    house.time = 200.0
    _stall(peer, connection, house, ask)
    assert connection.overdue(200.0 + STALLED_SECONDS, 20, 2.0) == ""
    assert connection.overdue(200.01 + STALLED_SECONDS / 5, 2, 0.2) == "stalled"


def test_reading_a_little_does_not_lengthen_that_time(line, house, ask):
    peer, connection = line
    house.time = 200.0
    _stall(peer, connection, house, ask)
    for _ in range(5):
        house.time += 1
        peer.recv(100)
        connection.write()
    assert connection.overdue(200.0 + STALLED_SECONDS, 10) == "stalled"


def test_a_wake_up_for_nothing_is_nothing(line, house):
    _, connection = line
    connection.read()
    assert (house.left, house.held) == (None, 0)


def test_an_answer_of_many_messages_goes_out_one_by_one_then_the_next_question_is_answered(line, house, ask, answered):
    peer, connection = line
    house.streams = [iter([b"first", b"", b"second"])]
    peer.send(_framed(ask(1), ask(2)))
    connection.read()
    assert (house.is_writing, house.is_reading, house.asked_times) == (True, False, 1)
    turns = 0
    while house.is_writing:
        connection.write()
        turns += 1
    assert (turns, house.streams_ended, house.asked_times) == (4, 1, 2)
    first, second, third = _read_frames(peer, 3)
    assert (first, second) == (b"first", b"second")
    assert third == answered(2)
    assert connection.overdue(house.time + 1, 10.0) == ""


def test_a_peer_that_does_not_take_a_long_answer_is_closed_and_its_stream_forgotten(line, house, ask):
    peer, connection = line
    house.streams = [iter([bytes(60_000)] * 100)]
    peer.send(_framed(ask(1)))
    connection.read()
    for _ in range(90):
        connection.write()
    assert 0 < house.held < 70_000
    assert connection.overdue(house.time + STALLED_SECONDS - 0.01, 1.0) == ""
    assert connection.overdue(house.time + STALLED_SECONDS, 1.0) == "stalled"
    connection.close("stalled")
    assert (house.streams_ended, house.held, house.left) == (1, 0, "stalled")


def test_a_server_that_ends_finishes_a_long_answer_first(line, house, ask):
    peer, connection = line
    house.streams = [iter([b"only"])]
    peer.send(_framed(ask(1)))
    connection.read()
    connection.finish()
    assert house.left is None
    while house.left is None:
        connection.write()
    assert _read_frames(peer, 1) == [b"only"]
    assert (house.left, house.streams_ended) == ("", 1)


def test_answers_that_are_waited_for_hold_up_no_others_and_come_in_any_order(line, house, ask, answered):
    peer, connection = line
    peer.send(_framed(ask(1, b"later"), ask(2), ask(3, b"later"), ask(4)))
    connection.read()
    assert _read_frames(peer, 2) == [answered(2), answered(4)]
    assert connection.overdue(house.time + 60, 1.0) == ""
    house.later[1].send(answered(3))
    house.later[0].send(answered(1))
    assert _read_frames(peer, 2) == [answered(3), answered(1)]
    assert connection.overdue(house.time + 60, 1.0) == "idle"
    assert (house.left, house.held) == (None, 0)


def test_no_more_is_read_while_sixteen_are_waited_for(line, house, ask, answered):
    peer, connection = line
    peer.send(_framed(*(ask(number, b"later") for number in range(ANSWERS_MOST + 1)), ask(99)))
    connection.read()
    assert (len(house.later), house.is_reading, house.is_writing) == (ANSWERS_MOST, False, False)
    house.later[5].send(answered(5))
    assert (_read_frames(peer, 1), len(house.later), house.is_reading) == ([answered(5)], ANSWERS_MOST + 1, False)
    house.later[6].send(answered(6))
    assert _read_frames(peer, 2) == [answered(6), answered(99)]
    for later in house.later[7:]:
        later.send(answered(7))
    assert house.is_reading
    assert connection.overdue(house.time + 1, 10.0) == ""


def test_a_peer_that_sends_no_more_still_gets_what_is_waited_for(line, house, ask, answered):
    peer, connection = line
    peer.send(_framed(ask(1, b"later")))
    connection.read()
    peer.shutdown(socket.SHUT_WR)
    connection.read()
    assert (house.left, house.is_reading) == (None, False)
    house.later[0].send(answered(1))
    assert _read_frames(peer, 1) == [answered(1)]
    assert house.left == ""


def test_a_server_that_ends_waits_for_what_is_waited_for(line, house, ask, answered):
    peer, connection = line
    peer.send(_framed(ask(1, b"later")))
    connection.read()
    connection.finish()
    assert house.left is None
    house.later[0].send(answered(1))
    assert (_read_frames(peer, 1), house.left) == ([answered(1)], "")


def test_an_answer_for_a_connection_that_has_gone_is_nothing(line, house, ask, answered):
    peer, connection = line
    peer.send(_framed(ask(1, b"later"), ask(2, b"later")))
    connection.read()
    connection.close("ended")
    house.later[0].send(answered(1))
    assert house.left == "ended"


def test_an_answer_that_will_not_come_closes_the_connection(line, house, ask):
    peer, connection = line
    peer.send(_framed(ask(1, b"later")))
    connection.read()
    house.later[0].send(b"")
    assert (house.left, Later().send(b"nobody")) == ("malformed", None)
