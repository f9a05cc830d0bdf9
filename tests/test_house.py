"""The house checks itself: the plan, the import contract, the doors, the sizes, and a test file for every source file.

Whoever breaks a rule on purpose says so in ``EXCEPTIONS`` with the reason; an exception nobody needs any more fails.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import dnsd

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "dnsd").rglob("*.py"))
LINES_MOST = 500
FUNCTION_LINES_MOST = 40

EXCEPTIONS = {
    ("floor", "__main__.py"): "`python -m dnsd`: the way in, on no floor",
    ("test file", "app/__main__.py"): "one call of child.main; every test of a whole replica goes through it",
    ("function", "answer/respond.py: respond"): "the way of every plain query: a call more is paid by each of them",
    ("function", "server/responder.py: __init__"): "its settings by name, a line each",
    ("test file", "__main__.py"): "two lines that call cli.main; tests/system starts the program through them",
}

DOORS = {
    "dnslib": ("codec/wire.py",),
    "dns": ("codec/signature.py",),  # dnspython, for TSIG; only where keys are set
    "redis": ("store/",),
    "aiohttp": ("admin/", "cli/client.py"),
    "h2": ("admin/doh_http2.py",),  # hyper-h2, for DNS over HTTPS; only where it is installed
    # What was warned of of late, who left the answers, TTLs there were, rates of networks: bounded numbers of keys.
    "cachetools": (
        *("runtime/log.py", "registry/departures.py", "registry/ttls.py", "server/limiter.py"),
        *("forward/cache.py", "forward/failures.py"),
    ),
    "time": ("runtime/clock.py",),
}
"""Outside things -> the only places that may import them; a folder ends in a slash."""

BACKGROUND = ("create_task", "ensure_future", "TaskGroup")
TASKS_DOOR = "runtime/tasks.py"

VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base", "data", "info"}


def place(path: Path) -> str:
    return path.relative_to(ROOT / "dnsd").as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imported(path: Path) -> set[str]:
    """The top-level packages that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").partition(".")[0])
    return names


def is_within(where: str, doors: tuple[str, ...]) -> bool:
    return any(where.startswith(door) if door.endswith("/") else where == door for door in doors)


def floors_of_the_plan() -> list[str]:
    """The first words of the plan's table in the package's docstring, bottom to top."""
    plan = (dnsd.__doc__ or "").partition("Bottom to top:")[2].partition("The way of one query")[0]
    return re.findall(r"^ {4}([a-z]+) ", plan, re.MULTILINE)


def floors_of_the_contract() -> list[list[str]]:
    """The layers of the import contract, bottom to top; those of one layer do not know each other."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = next(c for c in settings["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    assert layers["exhaustive"], "every package must be on a floor"
    return [[name.strip() for name in layer.split("|")] for layer in reversed(layers["layers"])]


def without_a_floor() -> Iterator[str]:
    known = set(floors_of_the_plan())
    for path in (ROOT / "dnsd").iterdir():
        is_package = path.is_dir() and any(path.glob("*.py"))
        if is_package or (path.suffix == ".py" and path.name != "__init__.py"):
            yield from [place(path)] if path.stem not in known else []


def without_a_docstring() -> Iterator[str]:
    yield from (place(path) for path in SOURCES if not ast.get_docstring(tree(path)))


def too_long() -> Iterator[str]:
    yield from (place(path) for path in SOURCES if path.read_text("utf-8").count("\n") > LINES_MOST)


def too_long_functions() -> Iterator[str]:
    for path in SOURCES:
        for node in ast.walk(tree(path)):
            is_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            if is_function and node.end_lineno - node.lineno >= FUNCTION_LINES_MOST:
                yield f"{place(path)}: {node.name}"


def past_a_door() -> Iterator[str]:
    for path in SOURCES:
        for outside in imported(path) & set(DOORS):
            if not is_within(place(path), DOORS[outside]):
                yield f"{place(path)} imports {outside}"


def background_tasks() -> Iterator[str]:
    for path in SOURCES:
        names = {node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
        names |= {node.id for node in ast.walk(tree(path)) if isinstance(node, ast.Name)}
        if place(path) != TASKS_DOOR and names & set(BACKGROUND):
            yield place(path)


def vague_names() -> Iterator[str]:
    for path in SOURCES:
        if VAGUE_NAMES & set(path.stem.split("_")):
            yield place(path)


def unfinished() -> Iterator[str]:
    for path in SOURCES:
        if re.search(r"\b(TODO|FIXME|XXX)\b", path.read_text("utf-8")):
            yield place(path)


def without_a_test() -> Iterator[str]:
    for path in SOURCES:
        where = Path(place(path))
        if where.name != "__init__.py" and not (ROOT / "tests" / where.with_name(f"test_{where.name}")).is_file():
            yield where.as_posix()


def without_a_source() -> Iterator[str]:
    """A test file of a floor for which no source file stands at the same path, in Python or in Lua."""
    for floor in floors_of_the_plan():
        for path in sorted((ROOT / "tests" / floor).rglob("test_*.py")):
            where = path.relative_to(ROOT / "tests").with_name(path.stem.removeprefix("test_"))
            if not any((ROOT / "dnsd" / where.parent).glob(f"{where.name}.*")):
                yield path.relative_to(ROOT / "tests").as_posix()


RULES = {
    "floor": without_a_floor,
    "docstring": without_a_docstring,
    "length": too_long,
    "function": too_long_functions,
    "door": past_a_door,
    "tasks": background_tasks,
    "name": vague_names,
    "finished": unfinished,
    "test file": without_a_test,
    "source file": without_a_source,
}


@pytest.mark.parametrize("rule", RULES)
def test_rule(rule):
    found = set(RULES[rule]())
    excepted = {where for kind, where in EXCEPTIONS if kind == rule}
    assert not found - excepted, "broken by:\n" + "\n".join(sorted(found - excepted))
    assert not excepted - found, "no longer excepted:\n" + "\n".join(sorted(excepted - found))


def test_the_plan_and_the_contract_have_the_same_floors_in_the_same_order():
    plan, contract = floors_of_the_plan(), floors_of_the_contract()
    assert len(plan) == 14
    flat = [floor for layer in contract for floor in layer]
    assert sorted(plan) == sorted(flat)
    height = {floor: number for number, layer in enumerate(contract) for floor in layer}
    assert [height[floor] for floor in plan] == sorted(height.values())


def test_tests_are_found_by_their_path_alone():
    """With ``--import-mode=importlib`` a package among the tests would hide files of the same name."""
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_every_rule_of_the_exceptions_exists():
    assert {rule for rule, _ in EXCEPTIONS} <= set(RULES)
    assert all(EXCEPTIONS.values())
