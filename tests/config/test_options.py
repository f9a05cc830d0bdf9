from dataclasses import fields
from pathlib import Path

import pytest

from dnsd.config.options import GROUPS, OPTIONS
from dnsd.config.settings import Settings

ROOT = Path(__file__).parents[2]


def test_every_option_is_a_field_of_the_settings_in_the_same_order():
    assert [field.name for field in fields(Settings)] == list(OPTIONS)


def test_no_name_stands_in_two_groups():
    assert sum(len(group.options) for group in GROUPS) == len(OPTIONS)


@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS)
def test_a_default_is_a_right_value_or_says_what_it_stands_for(option):
    if option.default is None:
        assert option.stands_for
        assert option.read(option.example) is not None
    else:
        assert option.read(option.default) is not None


def test_flag_and_variable_follow_from_the_name():
    option = OPTIONS["lame_duck_seconds"]
    assert (option.flag, option.variable) == ("--lame-duck-seconds", "DNSD_LAME_DUCK_SECONDS")


@pytest.mark.parametrize("raw", [[], "", ["a"] * 65, {"a": 1}, 7])
def test_a_list_is_one_to_64_values(raw):
    with pytest.raises(ValueError, match="needed"):
        OPTIONS["zone"].read(raw)


def test_a_list_names_a_value_once():
    with pytest.raises(ValueError, match="twice"):
        OPTIONS["zone"].read(["cluster.local", "Cluster.Local."])


def test_a_list_in_text_is_split_at_commas():
    assert OPTIONS["zone"].read("a.local, b.local") == ("a.local", "b.local")


def test_a_single_value_is_no_list():
    with pytest.raises(ValueError, match="one value is needed"):
        OPTIONS["workers"].read([1])
