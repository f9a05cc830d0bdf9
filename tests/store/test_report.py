"""A replica's report as text."""

import pytest

from dnsd.store.report import Report, report_of, report_to_text


@pytest.mark.parametrize("report", [Report(7, 3, "ab12"), Report(0, 0)])
def test_a_report_comes_back_as_it_went(report):
    assert report_of(report_to_text(report)) == report


def test_the_tick_stands_last_where_the_reaper_looks():
    assert report_to_text(Report(7, 3)).split(" ")[-1] == "3"


@pytest.mark.parametrize(
    "text", ["", "garbage", "7 3", "x - 3", "7 - x", "7 - 3 4", "-7 - 3", "7 - \u0663", "7 - \u00b2"]
)
def test_what_dnsd_did_not_write_is_no_report(text):
    assert report_of(text) is None
