"""The order of answers: lower priority first, and within one each record stands first by its weight."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.answer.order import drawn, ordered
from dnsd.authority.compile import compile_rrset
from dnsd.authority.form import Answer
from dnsd.authority.octets import records_of
from dnsd.model.names import Name, name_from_text
from dnsd.model.rrset import Record, RRset

DRAWS = 20_000
OWNER = name_from_text("web.default.svc.cluster.local")
# The 99.99 % points of chi-square: one false alarm in ten thousand runs, were the seed not fixed.
CHI_SQUARE_MOST = {1: 15.14, 2: 18.42, 3: 21.11, 4: 23.51, 8: 31.83, 39: 83.5}


def nothing(_: Name) -> Iterable[RRset]:
    return ()


def answer_of(shares: Sequence[tuple[int, int]]) -> Answer:
    """The A records 10.0.0.0, 10.0.0.1, … of these priorities and weights."""
    records = (Record(bytes((10, 0, 0, last)), *share) for last, share in enumerate(shares))
    return compile_rrset(RRset(OWNER, 1, 5, tuple(records)), nothing)


def order_of(section: bytes) -> list[int]:
    return [record[-1] for record in records_of(section)]


def chances(seed: int) -> Callable[[], int]:
    draw = random.Random(seed)
    return lambda: draw.getrandbits(32)


def chi_square(seen: Counter[int], weights: Sequence[float]) -> float:
    expected = [sum(seen.values()) * weight / sum(weights) for weight in weights]
    return sum((seen[index] - each) ** 2 / each for index, each in enumerate(expected))


@pytest.mark.parametrize(
    "weights",
    [(100, 100), (1, 3), (65_535, 1000), (1, 2, 3, 4), (7,) * 5, tuple(range(1, 10)), (100,) * 40],
)
def test_each_record_stands_first_by_its_weight(weights: tuple[int, ...]) -> None:
    answer, chance = answer_of([(0, weight) for weight in weights]), chances(1)
    seen = Counter(order_of(ordered(answer, chance()))[0] for _ in range(DRAWS))
    assert chi_square(seen, weights) < CHI_SQUARE_MOST[len(weights) - 1]


def test_each_priority_is_drawn_by_itself() -> None:
    # A client whose first choice is dead comes to the backups by their weights, whoever was its first choice.
    weights = (1, 3)
    answer, chance = answer_of([(priority, weight) for priority in (0, 5, 9) for weight in weights]), chances(2)
    pairs: Counter[int] = Counter()
    for _ in range(DRAWS):
        order = order_of(ordered(answer, chance()))
        assert [each // 2 for each in order] == [0, 0, 1, 1, 2, 2]
        pairs[order[0] % 2 + 2 * (order[2] % 2) + 4 * (order[4] % 2)] += 1
    together = [weights[i & 1] * weights[i >> 1 & 1] * weights[i >> 2] for i in range(8)]
    assert chi_square(pairs, together) < CHI_SQUARE_MOST[8]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 300)), min_size=1, max_size=50), st.integers(0, 2**32 - 1))
def test_any_draw_is_the_whole_set_in_order_of_priority(shares: list[tuple[int, int]], chance: int) -> None:
    order = order_of(ordered(answer_of(shares), chance))
    assert sorted(order) == list(range(len(shares)))
    priorities = [shares[each][0] for each in order]
    assert priorities == sorted(priorities)


def test_one_record_stands_where_it_stands() -> None:
    answer = answer_of([(0, 1)])
    assert ordered(answer, 12345) is answer.section


@pytest.mark.parametrize(("chance", "first"), [(0, 0), (99, 0), (100, 1), (101, 1), (102, 2), (151, 2), (152, 0)])
def test_weights_are_laid_end_to_end(chance: int, first: int) -> None:
    answer = answer_of([(0, 100), (0, 2), (0, 50)])
    (rotation,) = answer.rotations
    assert order_of(drawn(answer.section, rotation, chance)) == [first, (first + 1) % 3, (first + 2) % 3]
