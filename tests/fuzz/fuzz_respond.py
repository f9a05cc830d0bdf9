"""The responder from bytes to bytes under atheris, on demand; the corpus is stored beside this file.

With atheris installed: ``PYTHONPATH=tests python tests/fuzz/fuzz_respond.py tests/fuzz/corpus -max_total_time=600``.
With ``--seed`` alone it writes the captured client packets into the corpus anew.
"""

import hashlib
import sys
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"


def write_corpus() -> None:
    from fuzz.test_respond import client_packets

    for packet in client_packets():
        (CORPUS / hashlib.sha1(packet, usedforsecurity=False).hexdigest()).write_bytes(packet)


def main() -> None:
    import atheris

    # What is to be instrumented must not have been imported before.
    with atheris.instrument_imports(include=["dnsd.answer", "dnsd.codec.tsig"], enable_loader_override=False):
        from fuzz.test_respond import PEER, TERMS, catalog_table, check

        from dnsd.answer.complete import respond_completely
        from dnsd.answer.respond import respond
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
    write_corpus() if "--seed" in sys.argv else main()
