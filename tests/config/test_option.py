import pytest

from dnsd.config import kinds
from dnsd.config.option import Option

ZONE = Option("zone", kinds.ZONE, ("cluster.local",), "", is_list=True)
WORKERS = Option("workers", kinds.whole(0, 64), 1, "")


def test_flag_and_variable_follow_from_the_name():
    option = Option("lame_duck_seconds", kinds.seconds(0, 300), 5, "")
    assert (option.flag, option.variable) == ("--lame-duck-seconds", "DNSD_LAME_DUCK_SECONDS")


@pytest.mark.parametrize("raw", [[], "", ["a"] * 65, {"a": 1}, 7])
def test_a_list_is_one_to_64_values(raw):
    with pytest.raises(ValueError, match="needed"):
        ZONE.read(raw)


def test_a_list_names_a_value_once():
    with pytest.raises(ValueError, match="twice"):
        ZONE.read(["cluster.local", "Cluster.Local."])


def test_a_list_in_text_is_split_at_commas():
    assert ZONE.read("a.local, b.local") == ("a.local", "b.local")


def test_a_single_value_is_no_list():
    with pytest.raises(ValueError, match="one value is needed"):
        WORKERS.read([1])
