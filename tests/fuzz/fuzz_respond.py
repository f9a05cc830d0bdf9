"""The responder from bytes to bytes under atheris, on demand, from the corpus of what clients sent (``capture.py``).

``PYTHONPATH=tests python tests/fuzz/fuzz_respond.py FOUND tests/fuzz/corpus -max_total_time=600``, with atheris
installed, writes what reaches code that no packet of the corpus reached to the folder FOUND. ``… --keep FOUND`` puts it
into the corpus as ``atheris.<mark>``, and the packets made by hand as ``made.<mark>``; CI mutates all of them.
"""

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path


def keep(found: Iterable[bytes], origin: str) -> None:
    from fuzz.test_respond import CORPUS

    for packet in found:
        mark = hashlib.sha1(packet, usedforsecurity=False).hexdigest()[:10]
        (CORPUS / f"{origin}.{mark}").write_bytes(packet)


def main() -> None:
    import atheris

    # What is to be instrumented must not have been imported before.
    with atheris.instrument_imports(include=["dnsd.answer", "dnsd.codec.tsig"], enable_loader_override=False):
        from fuzz.test_respond import PEER, TERMS, catalog_table, check

        from dnsd.answer.respond import respond, respond_completely
        from dnsd.model.message import Drop, Transfer

    table = catalog_table()

    def one(packet: bytes) -> None:
        for number, terms in enumerate(TERMS):
            outcome = respond(packet, PEER, number, table, terms)
            if isinstance(outcome, Drop | Transfer):
                continue
            assert outcome == respond_completely(packet, PEER, number, table, terms)
            assert isinstance(outcome, tuple)
            check(packet, outcome[0], terms, set())

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--keep"]:
        from fuzz.test_respond import hand_made

        keep(hand_made(), "made")
        keep((path.read_bytes() for path in Path(sys.argv[2]).iterdir()), "atheris")
    else:
        main()
