"""Where settings come from: flags, environment, file, default, in this order; each value knows its origin."""

from __future__ import annotations

import argparse
import difflib
import os
import re
import socket
import tomllib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from dnsd.config.kinds import masked_url
from dnsd.config.option import Option
from dnsd.config.options import GROUPS, OPTIONS
from dnsd.config.settings import Settings
from dnsd.model.errors import InvalidSetting
from dnsd.server.address import Address

CONFIG_VARIABLE = "DNSD_CONFIG"
_FILE_OCTETS_MOST = 1 << 20
_EMPTY_BY_DEFAULT = (
    *("dot", "doh", "admin_host", "transfer_to", "notify"),
    *("answer_to", "short_names", "forward", "forward_domain"),
)
"""Lists that may be empty, which their options cannot say."""


@dataclass(frozen=True, slots=True)
class Given:
    """A value as somebody gave it, and where: a flag, an environment variable, or ``path:line``."""

    value: object
    origin: str


def load(arguments: argparse.Namespace | Mapping[str, object], environ: Mapping[str, str]) -> Settings:
    """The settings of these flags (None: not given), this environment and the file that either names.

    Raises InvalidSetting with one line: the setting, its value, where it came from and what is right.
    """
    flags = vars(arguments) if isinstance(arguments, argparse.Namespace) else arguments
    given = {**_from_file(flags, environ), **_from_environment(environ), **_from_flags(flags)}
    values = {name: _value(option, given.get(name)) for name, option in OPTIONS.items()}
    return Settings(**_with_derived(values, environ))


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` every setting, with its default and its environment variable in the help."""
    parser.add_argument("--config", metavar="FILE", help=f"settings as TOML, by the names below ({CONFIG_VARIABLE})")
    for group in GROUPS:
        section = parser.add_argument_group(group.title)
        for option in group.options:
            _add_flag(section, option)


def _add_flag(section: argparse._ArgumentGroup, option: Option) -> None:
    text = f"{option.meaning} [{_bounds(option)}{_default_shown(option)}; {option.variable}]".replace("%", "%%")
    if option.kind.metavar == "true|false":
        section.add_argument(option.flag, nargs="?", const="true", metavar=option.kind.metavar, help=text)
    elif option.is_list:
        section.add_argument(option.flag, action="append", metavar=option.kind.metavar, help=f"{text} (repeatable)")
    else:
        section.add_argument(option.flag, metavar=option.kind.metavar, help=text)


def _bounds(option: Option) -> str:
    return f"{option.kind.bounds}; " if option.kind.bounds else ""


def _default_shown(option: Option) -> str:
    if option.default is None:
        return f"default: {option.stands_for}"
    if isinstance(option.default, tuple):
        return f"default {','.join(option.default)}"
    return f"default {str(option.default).lower() if isinstance(option.default, bool) else option.default}"


def _from_flags(flags: Mapping[str, object]) -> dict[str, Given]:
    present = {name: flags[name] for name in OPTIONS if flags.get(name) is not None}
    return {name: Given(value, OPTIONS[name].flag) for name, value in present.items()}


def _from_environment(environ: Mapping[str, str]) -> dict[str, Given]:
    # An empty variable counts as not set: that is how a unit or a container file unsets one.
    present = {name: environ.get(option.variable, "") for name, option in OPTIONS.items()}
    return {name: Given(text, OPTIONS[name].variable) for name, text in present.items() if text}


def _from_file(flags: Mapping[str, object], environ: Mapping[str, str]) -> dict[str, Given]:
    path = flags.get("config") or environ.get(CONFIG_VARIABLE)
    if not path:
        return {}
    origin = "--config" if flags.get("config") else CONFIG_VARIABLE
    text = _file_text(str(path), origin)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise InvalidSetting(f"config: {str(path)!r} is not TOML: {fault}") from None
    table = _flat(table)
    for key in table:
        if key not in OPTIONS:
            raise InvalidSetting(f"{path}:{_line_of(key, text)}: unknown setting {key!r}{_nearest(key)}")
    return {key: Given(value, f"{path}:{_line_of(key, text)}") for key, value in table.items()}


def _flat(table: Mapping[str, Any]) -> dict[str, Any]:
    """``[forward]`` written as a table: its ``upstreams``, its ``domains`` (name = resolver or resolvers), the rest."""
    flat = dict(table)
    inner = flat.get("forward")
    if isinstance(inner, dict) and inner:
        del flat["forward"]
        for key, value in inner.items():
            if key == "upstreams":
                flat["forward"] = value
            elif key == "domains" and isinstance(value, dict):
                pairs = ((domain, those if isinstance(those, list) else [those]) for domain, those in value.items())
                flat["forward_domain"] = [f"{domain}={each}" for domain, those in pairs for each in those]
            else:
                flat[f"forward_{key}"] = value
    return flat


def _file_text(path: str, origin: str) -> str:
    try:
        with Path(path).open("rb") as file:
            octets = file.read(_FILE_OCTETS_MOST + 1)
    except OSError as fault:
        raise InvalidSetting(f"config: {path!r} (from {origin}) cannot be read: {fault.strerror}") from None
    if len(octets) > _FILE_OCTETS_MOST:
        raise InvalidSetting(f"config: {path!r} (from {origin}) is longer than {_FILE_OCTETS_MOST} octets")
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise InvalidSetting(f"config: {path!r} (from {origin}) is not UTF-8 text") from None


def _line_of(key: str, text: str) -> int:
    """Where the file sets ``key``; 1 when that cannot be told."""
    found = _first_line(key, text)
    if key.startswith("forward"):
        # It may stand inside a [forward] table.
        inner = {"forward": "upstreams", "forward_domain": "domains"}.get(key, key.removeprefix("forward_"))
        table = _first_line("forward", text)
        found = _first_line(inner, text, table) or found or table
    return found or 1


def _first_line(key: str, text: str, behind: int = 0) -> int:
    """The first line that sets ``key``, or begins its table, behind that line; 0 when none does."""
    pattern = re.compile(rf"""\s*\[*\s*["']?{re.escape(key)}["']?\s*[=.\]]""")
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if number > behind and pattern.match(line)), 0)


def _nearest(key: str) -> str:
    near = difflib.get_close_matches(key.replace("-", "_").lower(), OPTIONS, n=1)
    return f"; is {near[0]!r} meant?" if near else f"; there are {', '.join(OPTIONS)}"


def _value(option: Option, given: Given | None) -> Any:
    if given is None:
        return option.default if option.default is None else option.read(option.default)
    try:
        return option.read(given.value)
    except ValueError as fault:
        shown = ", ".join(_shown(option, given.value))
        raise InvalidSetting(f"{option.name}: {shown} (from {given.origin}) is wrong: {fault}") from None


def _shown(option: Option, value: object) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        text = masked_url(item) if option.name == "redis" and isinstance(item, str) else item
        yield repr(text)[:200]


def _with_derived(values: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """The defaults that depend on other settings or on the machine."""
    if values["state_dir"] is None:
        values["state_dir"] = _state_directory(environ)
    if values["replica"] is None:
        values["replica"] = _replica_name(values["dns"], values["admin"])
    if values["required_copies"] is None:
        values["required_copies"] = int((values["redis"] or "").startswith(("sentinel://", "cluster://")))
    for name in _EMPTY_BY_DEFAULT:
        values[name] = values[name] or ()
    if values["advertise"] is None:
        values["advertise"] = _reachable(values["dns"])
    return values


def _state_directory(environ: Mapping[str, str]) -> str:
    if given := environ.get("STATE_DIRECTORY"):
        return given.partition(":")[0]
    if base := environ.get("XDG_STATE_HOME"):
        return os.path.join(base, "dnsd")
    home = environ.get("HOME") or os.path.expanduser("~")
    return os.path.join(home, ".local", "state", "dnsd")


def _replica_name(dns: tuple[Address, ...], admin: Address) -> str:
    """The same after every restart, another one for each replica of a machine (they cannot share addresses)."""
    host = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname().partition(".")[0]).strip("-") or "dnsd"
    mark = zlib.crc32(" ".join(map(str, (*dns, admin))).encode())
    return f"{host[:50]}-{mark:08x}"


def _reachable(dns: tuple[Address, ...]) -> tuple[str, ...]:
    addresses = dict.fromkeys(address.host for address in dns)
    return tuple(host for host in addresses if not ip_address(host).is_unspecified)
