"""All rows by name, in the order of running and showing. To add one: a function of a stage, and its line here."""

from collections.abc import Callable
from dataclasses import dataclass

import rows_answers
import rows_churn
import rows_registry
import rows_service
import rows_size
import rows_start
from figures import Figure
from stage import Stage


@dataclass(frozen=True)
class Row:
    """``parts``: names of further lines that it measures on the way; ``about``: what its lines mean."""

    title: str
    measure: Callable[[Stage], list[Figure]]
    parts: tuple[str, ...] = ()
    about: str = ""


ROWS: dict[str, Row] = {
    "warm": Row("Warm answers", rows_answers.warm),
    "first": Row("First answer for each name, in mixed case", rows_answers.first),
    "random": Row("Random names below the zone, every one new", rows_answers.absent),
    "cookies": Row("EDNS with cookies, different for every client", rows_answers.cookies),
    "wildcard": Row("Wildcard bind with reply source address", rows_answers.wildcard),
    "tcp-long": Row("TCP: long pipelined connections", rows_service.tcp_long),
    "tcp-each": Row("TCP: a new connection for every query", rows_service.tcp_each),
    "latency": Row("Latency at 1,000 queries a second", rows_service.latency),
    "churn": Row(
        "While 1,000 endpoints a second are registered, renewed and removed", rows_churn.churn, about=rows_churn.ABOUT
    ),
    "workers": Row("Two workers, 64 client ports", rows_service.workers),
    "sizes": Row("From small to large registries", rows_size.sizes),
    "crowd": Row("One service with 1,000 endpoints: SRV over TCP", rows_size.crowd),
    "elsewhere": Row("From registration to an answer by another replica", rows_registry.elsewhere),
    "rates": Row("Registrations and renewals over HTTP", rows_registry.rates),
    "start": Row("Cold start and memory", rows_start.cold_start, ("memory",)),
}
