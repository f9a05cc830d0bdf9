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
