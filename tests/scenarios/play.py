"""Plays: what is registered, what is asked and what is answered, in plain text. This is how their files are read.

A file ``*.play`` holds scenes. One starts at ``=== title``; lines that start in the first column set the stage or ask,
lines that are indented belong to the line above, ``#`` quotes the rule that the next step shows. The stage:

    zones NAME…                  cluster domains, ``cluster.local`` when there is none
    reverse CIDR…                reverse ranges, the private ones when there are none
    advertise ADDRESS…           addresses of ns.dns.<zone>, 192.0.2.53 when there are none
    origin NAME                  relative names of the scene start there
    payload N, cookies, version TEXT, identity TEXT       the terms of the door
    not loaded                   nothing was loaded yet
    static NAME                  a static zone; its master file is indented below
    service NS/NAME [KEY=VALUE]… port=NAME/PROTOCOL/NUMBER[/TARGET] ip=ADDRESS external=NAME ttl=N empty=WORD unready
    endpoint NS/NAME/ID ADDRESS… [KEY=VALUE]…   port=NAME/PROTOCOL/NUMBER weight=N priority=N host=LABEL unready
                                 draining
    endpoints NS/NAME N FIRST-ADDRESS [KEY=VALUE]…   so many, one address after the other, their ids e-0, e-1, …
    delete KEY, expire KEY       an object goes, on purpose or not
    pass SECONDS                 time goes by

and the questions, each put over UDP and over TCP when it does not say which:

    ask NAME TYPE [WORD]…        udp tcp edns=SIZE do edns-version=N edns-flags=N cookie=HEX|good option=CODE:HEX
                                 class=CH nord ad cd opcode=N
    send HEX "name" 'label' N*HEX…   any octets: a name in wire form, one label of it, something N times
      RCODE [FLAG]…              AA, TC and RA as they are in the reply; all the rest of the header is checked always
      answer: RECORD             and so ``authority:`` and ``additional:``; what is not given is not there
      answers N (authorities, additionals)   so many, whichever
      ordered                    the answer section stands in this order
      ede N [TEXT], cookie good  options of the reply's OPT; no others are there
      header only, silence       instead of all that

Records are zone-file text (TTL 5 when none is given). ``$SOA`` is the SOA of cluster.local now, ``$SOA(NAME)`` that of
another zone of the registry.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Step:
    """One line of the stage or one question, with the lines indented below it and the rule quoted above it."""

    place: str
    word: str
    rest: list[str]
    below: list[str] = field(default_factory=list)
    rule: str = ""


@dataclass
class Scene:
    """One play: its steps in order."""

    name: str
    steps: list[Step] = field(default_factory=list)


def scenes(folder: Path) -> list[Scene]:
    """All scenes of all files in ``folder``."""
    return [scene for path in sorted(folder.glob("*.play")) for scene in _read(path)]


def _read(path: Path) -> list[Scene]:
    found: list[Scene] = []
    rule: list[str] = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        place = f"{path.name}:{number}"
        if line.startswith("==="):
            found.append(Scene(f"{path.stem}: {line.strip('= ')}"))
        elif line.startswith("#"):
            rule.append(line.lstrip("# "))
        elif line[:1].isspace() and line.strip():
            found[-1].steps[-1].below.append(line.strip())
        elif line.strip():
            word, *rest = re.findall(r"'[^']*'|\"[^\"]*\"|\S+", line)
            found[-1].steps.append(Step(place, word, rest, rule=" ".join(rule)))
            rule = []
    return found
