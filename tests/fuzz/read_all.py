"""The corpus and mutations of it, answered at every door: what ``test_coverage`` counts the parsers' branches of."""

import sys
from itertools import product

from fuzz.test_respond import PEER, TERMS, catalog_table, client_packets, mutations

from dnsd.answer.respond import respond, respond_completely


def main(rounds: int) -> None:
    table = catalog_table()
    mutated = ((packet, TERMS[number % len(TERMS)]) for number, packet in enumerate(mutations(11, rounds)))
    for packet, terms in (*product(client_packets(), TERMS), *mutated):
        for way in (respond, respond_completely):
            way(packet, PEER, 0, table, terms)


if __name__ == "__main__":
    main(int(sys.argv[1]))
