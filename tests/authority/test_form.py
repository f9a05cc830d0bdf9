"""Forms: shared by answers of one make, and what an answer needs besides its records."""

from collections import Counter

import pytest

from dnsd.authority.form import COUNT_MOST, DRAWS_MOST, Answer, Kind, form_of, rotation, unpack_form
from dnsd.authority.octets import heads, question_key

A = question_key(1)
STARTS = (0, 16, 32)


def test_answers_of_one_make_share_a_form() -> None:
    turn = rotation(STARTS, 48, (100, 200, 300))
    one, other = (Answer(3, bytes((number,)) * 48, (turn,), b"glue", 1).form(A, Kind.PLAIN) for number in (1, 2))
    assert one is other
    assert one is unpack_form(one.pack())
    assert one is not Answer(3, bytes(48), (turn,), b"longer", 1).form(A, Kind.PLAIN)
    assert (one.octets, one.section_octets, one.additional_octets, one.count) == (52, 48, 4, 3)
    assert (one.heads, one.bare_heads) == (heads(3, 0, 1), heads(3, 0, 0))


@pytest.mark.parametrize("weights", [(1, 1, 1), (100, 200, 300), (7, 7, 14), (DRAWS_MOST - 2, 1, 1)])
def test_plain_weights_are_laid_out_as_draws(weights: tuple[int, ...]) -> None:
    first, second, _ = weights
    form = form_of(A, 0, 3, 48, (rotation(STARTS, 48, (first, first + second, sum(weights))),))
    drawn = Counter(form.draws)
    assert [drawn[start] * first for start in STARTS] == [drawn[0] * weight for weight in weights]


def test_weights_without_a_common_measure_have_no_draws() -> None:
    assert form_of(A, 0, 3, 48, (rotation(STARTS, 48, (DRAWS_MOST, DRAWS_MOST + 1, DRAWS_MOST + 2)),)).draws == ()


def test_several_priorities_have_no_draws_in_common() -> None:
    turns = rotation((0,), 16, (100,)), rotation((16, 32), 48, (100, 200))
    form = form_of(A, 0, 3, 48, turns)
    assert (form.draws, form.rotations) == ((), turns)


def test_many_weights_are_kept_by_their_own_answer_alone() -> None:
    starts, cumulative = tuple(range(0, 320, 16)), tuple(range(100, 2100, 100))
    assert rotation(starts, 320, cumulative) is not rotation(starts, 320, cumulative)
    assert form_of(A, 0, 20, 320) is not form_of(A, 0, 20, 320)


def test_more_records_than_a_header_can_count_are_no_error() -> None:
    # A service of a thousand endpoints with a hundred ports each has 100,000 SRV records at its own name. They fit into
    # no reply, so a cut one is counted anew; compiling them must not fail, or the mirror stands still.
    form = form_of(A, 0, 100_000, 10**7, (), 100_000, 10**7)
    assert (form.heads, form.bare_heads) == (heads(COUNT_MOST, 0, COUNT_MOST), heads(COUNT_MOST, 0, 0))
