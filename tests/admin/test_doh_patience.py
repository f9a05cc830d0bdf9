"""Deadlines and bounds, with the time as an argument."""

from dnsd.admin import doh_patience as patience
from dnsd.admin.doh_patience import Patience


def test_who_asks_nothing_is_over_soon_and_who_asked_later():
    waiting = Patience(100.0)
    assert not waiting.is_over(100.0 + patience.FIRST_REQUEST_SECONDS - 1)
    assert waiting.is_over(100.0 + patience.FIRST_REQUEST_SECONDS)
    waiting.asked(102.0)
    assert not waiting.is_over(102.0 + patience.IDLE_SECONDS - 1)
    assert waiting.is_over(102.0 + patience.IDLE_SECONDS)


def test_one_thing_that_does_not_come_is_enough():
    waiting = Patience(0.0)
    waiting.expect(("body", 1), 2.0)
    waiting.expect(("body", 3), 3.0)
    waiting.met(("body", 3))
    waiting.met(("body", 5))
    assert not waiting.is_over(1.9)
    assert waiting.is_over(2.0)
    waiting.met(("body", 1))
    assert not waiting.is_over(3.5)


def test_resets_are_forgiven_in_time():
    taken = Patience(0.0)
    assert all(taken.has_room_for_reset(1.0) for _ in range(patience.RESETS_MOST))
    assert not taken.has_room_for_reset(1.0)
    assert taken.has_room_for_reset(1.0 + patience.RESETS_SECONDS)


def test_frames_that_ask_nothing_are_forgiven_by_a_request():
    taken = Patience(0.0)
    assert all(taken.has_room_for_frame() for _ in range(patience.FRAMES_MOST))
    assert not taken.has_room_for_frame()
    taken.asked(1.0)
    assert taken.has_room_for_frame()


def test_octets_that_make_no_frame_are_bounded():
    taken = Patience(0.0)
    assert taken.has_room_for(patience.UNFINISHED_OCTETS_MOST, is_progress=False)
    assert not taken.has_room_for(1, is_progress=False)
    assert taken.has_room_for(1, is_progress=True)
    assert taken.has_room_for(patience.UNFINISHED_OCTETS_MOST, is_progress=False)
