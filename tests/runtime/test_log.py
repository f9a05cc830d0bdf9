import io
import json
import logging

import pytest

from dnsd.runtime import log


@pytest.fixture
def root():
    """The root logger, put back afterwards."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield logger
    logger.handlers[:] = handlers
    logger.setLevel(level)


@pytest.mark.usefixtures("root")
def test_plain_lines_name_level_and_logger():
    out = io.StringIO()
    log.set_up("info", "plain", out)
    logging.getLogger("dnsd.x").info("hello %s", "you")
    logging.getLogger("dnsd.x").debug("unheard")
    assert out.getvalue() == "INFO dnsd.x: hello you\n"


@pytest.mark.usefixtures("root")
def test_json_lines_are_objects_with_the_traceback_inside():
    out = io.StringIO()
    log.set_up("debug", "json", out)
    try:
        int("broken")
    except ValueError:
        logging.getLogger("dnsd.x").exception("it failed: %s", "ä\n")
    line, end = out.getvalue()[:-1], out.getvalue()[-1]
    told = json.loads(line)
    assert end == "\n"
    assert "\n" not in line
    assert (told["level"], told["logger"], told["message"]) == ("error", "dnsd.x", "it failed: ä\n")
    assert "ValueError: invalid literal" in told["traceback"]
    assert told["time"][:2] == "20"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        (b"a\x00b\xff", "a\\x00b\\xff"),
        ("two\nlines\x1b[31m", "two\\nlines\\x1b[31m"),
        ("ü", "\\xfc"),
        ("x" * 256, "x" * 256),
        ("x" * 257, "x" * 256 + "…"),
        ("\n" * 200, "\\n" * 128),
    ],
)
def test_remote_text_is_escaped_and_cut(text, shown):
    assert log.remote(text) == shown


def test_once_lets_one_line_of_a_key_through(caplog):
    once = log.Once(logging.getLogger("dnsd.x"))
    once.warning("a", "first %d", 1)
    once.warning("a", "again %d", 2)
    once.warning("b", "other %d", 3)
    assert [record.getMessage() for record in caplog.records] == ["first 1", "other 3"]


def test_once_remembers_a_bounded_number_of_keys(caplog):
    once = log.Once(logging.getLogger("dnsd.x"))
    for number in range(2000):
        once.warning(str(number), "line")
    assert len(once._seen) <= 1024
    assert len(caplog.records) == 2000
