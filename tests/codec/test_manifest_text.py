"""YAML and JSON text into documents: what it means, where it is wrong, and where it would go on for ever."""

import codecs
import json

import pytest

from dnsd.codec.manifest_text import ALIASED_NODES_MOST, NESTING_MOST, documents_of
from dnsd.model.errors import InvalidRecord


def values_of(text: str | bytes) -> list[object]:
    return [document.value for document in documents_of(text)]


def fault_of(text: str | bytes) -> tuple[str, str]:
    with pytest.raises(InvalidRecord) as refusal:
        list(documents_of(text))
    (fault,) = refusal.value.faults
    return fault.pointer, fault.reason


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("80", 80),
        ("-7", -7),
        ("0x1f", 31),
        ("0o17", 15),
        ("017", 15),
        ("08", 8.0),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("'80'", "80"),
        ('"yes"', "yes"),
        ("!!str 80", "80"),
        ("!!int '80'", 80),
        ("yes", True),
        ("off", False),
        ("y", "y"),
        ("~", None),
        ("null", None),
        ("2024-01-01", "2024-01-01"),
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        ("!!timestamp 2024-01-01", "2024-01-01"),
        ("10.1.2.3", "10.1.2.3"),
        ("::1", "::1"),
        ("12:30", "12:30"),
        ("-", [None]),
        ("1" * 50, "1" * 50),
        ("|\n  two\n  lines\n", "two\nlines\n"),
    ],
)
def test_scalars_mean_what_kubernetes_tools_read(text, value):
    (read,) = values_of(text)
    assert (read, type(read)) == (value, type(value))


def test_documents_know_their_place_and_their_line():
    documents = list(documents_of("---\n# nothing\n---\na: 1\n---\n\nb: 2\n"))
    assert [(document.index, document.line, document.value) for document in documents] == [
        (0, 3, None),
        (1, 4, {"a": 1}),
        (2, 7, {"b": 2}),
    ]
    assert documents[2].value.line == 7


def test_keys_are_text_whatever_they_look_like():
    assert values_of("{80: a, on: b, 'x y': c, '<<': d}") == [{"80": "a", "on": "b", "x y": "c", "<<": "d"}]


def test_anchors_aliases_and_merge_keys():
    text = "base: &base {a: 1, b: 2}\nsame: *base\nmore: {<<: *base, b: 3}\nboth: {<<: [*base, {a: 9, c: 4}]}\n"
    assert values_of(text) == [
        {"base": {"a": 1, "b": 2}, "same": {"a": 1, "b": 2}, "more": {"a": 1, "b": 3}, "both": {"a": 1, "b": 2, "c": 4}}
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_octets_are_decoded_by_their_byte_order_mark(encoding):
    assert values_of("name: wäb\n".encode(encoding)) == [{"name": "wäb"}]


def test_a_mark_at_the_head_of_text_is_no_part_of_it():
    assert values_of("\ufeff" + json.dumps({"a": 1})) == [{"a": 1}]


def test_json_that_is_wrong_is_explained_by_the_yaml_reader():
    assert values_of('{"a": 1,}') == [{"a": 1}]
    assert fault_of('{"a": 1,\n "a": 2}') == ("/documents/0", "line 2, column 2: key 'a' stands twice in one mapping")
    assert fault_of('{"a": 1') == (
        "/documents/0",
        "line 2, column 1: did not find expected ',' or '}' (while parsing a flow mapping begun on line 1)",
    )


@pytest.mark.parametrize(
    ("text", "pointer", "reason"),
    [
        (
            "a: 1\n---\nb: [1",
            "/documents/1",
            "line 4, column 1: did not find expected ',' or ']' (while parsing a flow sequence begun on line 3)",
        ),
        ("a: b: c", "/documents/0", "line 1, column 5: mapping values are not allowed"),
        ("a: 1\na: 2", "/documents/0", "line 2, column 1: key 'a' stands twice"),
        ("? [a]\n: b", "/documents/0", "line 1, column 3: a key must be text"),
        ("a: !!python/object:os.system x", "/documents/0", "line 1, column 4: tag tag:yaml.org,2002:python/object"),
        ("a: !mine x", "/documents/0", "line 1, column 4: tag !mine is not known"),
        ("a: *none", "/documents/0", "line 1, column 4: alias *none names nothing"),
        ("a: &a [*a]", "/documents/0", "line 1, column 8: alias *a names nothing complete"),
        ("a: {<<: 1}", "/documents/0", "<< must name a mapping"),
        ("a\x00b", "/documents/0", "unacceptable character #x0000"),
        ("%YAML 3.0\n--- a", "/documents/0", "line 1, column 1: found incompatible YAML document"),
        (b"a: \xff\xfe", "/documents/0", "not UTF-8 text: octet 3"),
        (codecs.BOM_UTF16_LE + b"a", "/documents/0", "not UTF-8 text"),
    ],
)
def test_a_wrong_text_is_refused_with_its_place(text, pointer, reason):
    found = fault_of(text)
    assert found[0] == pointer
    assert found[1].startswith(reason)


def test_a_billion_laughs_are_refused():
    text = "a: &a [ha, ha, ha, ha, ha, ha, ha, ha, ha]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert f"more than {ALIASED_NODES_MOST} values" in fault_of(text)[1]


def test_laughs_spread_over_documents_are_counted_together():
    one = "a: &a [" + "x, " * 999 + "x]\nb: [" + "*a, " * 49 + "*a]\n"
    assert len(values_of(one)) == 1
    pointer, reason = fault_of("---\n".join([one] * 3))
    assert (pointer, "aliases multiply" in reason) == ("/documents/1", True)


@pytest.mark.parametrize("opening", ["[", "{a: ", '{"a":', "- "])
def test_nesting_has_an_end_and_no_depth_hurts(opening):
    pointer, reason = fault_of(opening * 200_000)
    assert pointer == "/documents/0"
    assert f"nested deeper than {NESTING_MOST}" in reason
