import random

import pytest

from dnsd.server.frames import FRAME_OCTETS, FRAMES_A_TURN, Inbox, Outbox, packed


def _exchange(outbox: Outbox, inbox: Inbox) -> list[tuple]:
    """Send and receive until nothing waits."""
    received = []
    while True:
        outbox.send()
        some = list(inbox.receive())
        received += some
        if not outbox and not some:
            return received


def test_messages_of_all_sizes_arrive_whole_and_in_order(pair):
    chance = random.Random(1)
    sizes = [0, 1, FRAME_OCTETS - 20, FRAME_OCTETS, 2 * FRAME_OCTETS, 3_000_000, 5]
    messages = [("message", number, chance.randbytes(size)) for number, size in enumerate(sizes)]
    outbox = Outbox(pair[0])
    for message in messages:
        outbox.put(packed(message))
    assert _exchange(outbox, Inbox(pair[1])) == messages
    assert outbox.queued_octets == 0


def test_a_message_is_any_plain_value(pair):
    message = ("kind", {"a": [1, (2, b"3")], ("x", "y"): None}, 1 << 62, True)
    outbox = Outbox(pair[0])
    outbox.put(packed(message))
    assert _exchange(outbox, Inbox(pair[1])) == [message]


def test_one_turn_is_bounded(pair):
    outbox, inbox = Outbox(pair[0]), Inbox(pair[1])
    for number in range(FRAMES_A_TURN + 3):
        outbox.put(packed((number,)))
    outbox.send()
    assert bool(outbox)
    assert [number for (number,) in inbox.receive()] == list(range(FRAMES_A_TURN))
    outbox.send()
    assert [number for (number,) in inbox.receive()] == list(range(FRAMES_A_TURN, FRAMES_A_TURN + 3))


def test_what_the_other_end_does_not_take_waits(pair):
    outbox = Outbox(pair[0])
    for number in range(200):
        outbox.put(packed((number, bytes(40_000))))
    for _ in range(200):
        outbox.send()
    assert outbox.queued_octets > 1_000_000
    assert [number for number, _ in _exchange(outbox, Inbox(pair[1]))] == list(range(200))


def test_a_load_takes_the_place_of_all_that_waited_and_is_drawn_as_it_is_taken(pair):
    drawn = []

    def load():
        for number in range(500):
            drawn.append(number)
            yield packed(("load", number, bytes(20_000)))

    outbox, inbox = Outbox(pair[0]), Inbox(pair[1])
    for _ in range(100):
        outbox.put(packed(("forgotten", bytes(100_000))))
    for _ in range(100):
        outbox.send()
    outbox.put_load(load())
    outbox.put(packed(("after",)))
    for _ in range(100):
        outbox.send()
    assert len(drawn) < 200
    received = _exchange(outbox, inbox)
    kinds = [message[0] for message in received]
    assert kinds[kinds.index("load") :] == ["load"] * 500 + ["after"]
    assert kinds.count("forgotten") < 100


def test_a_reader_that_takes_over_leaves_out_what_has_lost_its_beginning(pair):
    outbox = Outbox(pair[0])
    outbox.put(packed(("half", bytes(3 * FRAME_OCTETS))))
    outbox.put(packed(("whole",)))
    outbox.send()
    pair[1].recv(1 << 20)  # the former reader took the first frame with it
    assert _exchange(outbox, Inbox(pair[1])) == [("whole",)]


def test_a_writer_that_takes_over_ends_what_the_former_one_left_unfinished(pair):
    former, inbox = Outbox(pair[0]), Inbox(pair[1])
    former.put(packed(("half", bytes((FRAMES_A_TURN + 5) * FRAME_OCTETS))))
    former.send()
    assert list(inbox.receive()) == []
    heir = Outbox(pair[0])
    heir.put(packed(("whole",)))
    assert _exchange(heir, inbox) == [("whole",)]


def test_the_end_of_the_other_side_is_told(pair):
    outbox, inbox = Outbox(pair[0]), Inbox(pair[1])
    outbox.put(packed(("last",)))
    outbox.send()
    pair[0].close()
    assert list(inbox.receive()) == [("last",)]
    assert list(inbox.receive()) == []
    assert inbox.is_ended


def test_sending_to_nobody_is_an_error(pair):
    outbox = Outbox(pair[0])
    pair[1].close()
    outbox.put(packed(("lost",)))
    with pytest.raises(OSError):
        outbox.send()
