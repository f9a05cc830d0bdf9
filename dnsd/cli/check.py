"""``dnsd check``: are the settings and the zone files right?"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from dnsd.app.serve import check_settings
from dnsd.cli.failures import CommandFailed
from dnsd.cli.output import add_output_flag, plain, print_document
from dnsd.config import Settings, load
from dnsd.model.errors import InvalidSetting
from dnsd.model.names import name_from_text, name_to_text
from dnsd.registry.zones import StaticZones, ZonesRead

HELP = "check a configuration and zone files"

EPILOG = """\
examples:

  dnsd check --config /etc/dnsd/dnsd.toml     (with the zone files that it names)
  dnsd check --zones zones

The environment counts as it does for `dnsd serve`. Problems are told as file:line: what; warnings do not count.

exit status: 0 when all is right, 1 when something is wrong, 2 when the call is wrong.
"""

_NO_ZONES = ZonesRead((), (), ())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    parser.add_argument("--config", metavar="FILE", help="settings as TOML [DNSD_CONFIG; none]")
    parser.add_argument("--zones", metavar="DIR", help="directory of zone files (NAME.zone) [the one that is set]")
    add_output_flag(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Check all that there is and tell all that is wrong; 0 when nothing is."""
    settings, problems = _settings(arguments)
    read = _zones(settings, arguments.zones)
    problems += read.problems
    if arguments.output != "table":
        print_document(_document(read, problems), arguments.output)
    else:
        for line in (*problems, *(_as_warning(warning) for warning in read.warnings)):
            print(plain(line))
        print(_summary(read, problems))
    if problems:
        raise CommandFailed(f"{_count(len(problems), 'problem')}; dnsd would not serve this as it is meant")
    return 0


def _settings(arguments: argparse.Namespace) -> tuple[Settings, list[str]]:
    """The settings, the default ones when they are wrong, so that the zone files are checked all the same."""
    try:
        settings = load({"config": arguments.config, "zones": arguments.zones}, os.environ)
        check_settings(settings)
        _check_store(settings)
    except InvalidSetting as fault:
        return load({}, {}), [str(fault)]
    return settings, []


def _check_store(settings: Settings) -> None:
    """Raises InvalidSetting for a URL that cannot be a store's."""
    if settings.redis is not None:
        from dnsd.store.redis import Store  # the client takes a fifth of a second to import

        Store(settings.redis, settings.redis_prefix)


def _zones(settings: Settings, directory: str | None) -> ZonesRead:
    chosen = directory or settings.zones
    if chosen is None:
        return _NO_ZONES
    return StaticZones(Path(chosen), [name_from_text(zone) for zone in settings.zone]).load()


def _as_warning(text: str) -> str:
    """``file:line: what`` as compilers tell warnings: ``file:line: warning: what``."""
    place, colon, what = text.partition(": ")
    return f"{place}{colon}warning: {what}"


def _summary(read: ZonesRead, problems: list[str]) -> str:
    records = sum(len(rrset.records) for zone in read.zones for rrset in zone.rrsets)
    found = f"{_count(len(read.zones), 'zone')} with {_count(records, 'record')}"
    return f"{found}; {_count(len(problems), 'problem')}, {_count(len(read.warnings), 'warning')}"


def _document(read: ZonesRead, problems: list[str]) -> dict[str, object]:
    zones = [
        {
            "name": name_to_text(zone.origin),
            "file": zone.source,
            "records": sum(len(rrset.records) for rrset in zone.rrsets),
        }
        for zone in read.zones
    ]
    return {"zones": zones, "problems": problems, "warnings": list(read.warnings)}


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
