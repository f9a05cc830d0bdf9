"""A catalog without a server: zone files as `dnsd serve --zones` would answer from them with nothing registered."""

from __future__ import annotations

import os
from pathlib import Path

from dnsd.authority.catalog import Catalog
from dnsd.cli.failures import CommandFailed
from dnsd.cli.output import note
from dnsd.config import load
from dnsd.model.names import name_from_text
from dnsd.registry.zones import StaticZones


def catalog_of_files(directory: Path, command: str) -> Catalog:
    """The zones of ``directory``; files that are wrong are told on stderr in the name of ``command`` and left out.

    Raises CommandFailed when no zone is left.
    """
    settings = load({"zones": str(directory)}, os.environ)
    zones = [name_from_text(zone) for zone in settings.zone]
    read = StaticZones(directory, zones).load()
    for problem in read.problems:
        note(command, problem)
    if not read.zones:
        raise CommandFailed(f"{directory}: no zone to answer from")
    catalog = Catalog(zones, settings.reverse, settings.advertise, settings.negative_ttl_seconds)
    catalog.set_static(read.zones)
    catalog.load((), (), 0)
    return catalog
