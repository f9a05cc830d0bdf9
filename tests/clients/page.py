"""``python -m clients.page``: docs/clients.md, made of what the tests of the clients hold to be true."""

from clients.followers import FOLLOWERS, Follower
from clients.fronts import FRONTS
from clients.kinds import CLIENTS, SITUATIONS, Client

HEAD = """# Clients

Made by `PYTHONPATH=tests python -m clients.page > docs/clients.md` from what `tests/system/test_clients.py` and
`test_followers.py` hold to be true: every cell below is a test with the real client, in a network of its own, whose
`resolv.conf` names two replicas of dnsd and the search list `default.svc.cluster.local svc.cluster.local cluster.local`
with `ndots:5`; or, for what stands in front, the one resolver that asks both. (That systemd-resolved is tried needs its
package, fetched and never installed: `.ci/run` shows how.)
"""
SITUATIONS_TEXT = """
- **A**: both addresses of a service are found.
- **AAAA of an IPv4-only name**: "there is none", at once, which is not the same as "no such name".
- **SRV**: port and host name of every endpoint.
- **short name**: `web`, through the search list.
- **unknown name**: "there is none", at once.
- **40 endpoints**: an answer that needs TCP, or EDNS, whole.
- **one replica down**: the first server of `resolv.conf` was killed with -9; the second answers, for a front too, which
  is asked for a name that it does not have in its cache.
- **dnsd restarting**: both replicas are restarted in turn, while the client asks without a pause; no answer fails.
  A program that follows a name keeps all its targets, and follows what is changed afterwards.
"""
TAIL = """
## Programs that follow a name
HAProxy, nginx, Prometheus and gRPC stay, and ask again: each finds all endpoints, takes up one that comes and lets go
of one that leaves, with one replica down too. While *no* replica answers, HAProxy, Prometheus and gRPC keep what they
had; nginx does so for as long as `valid` says, and answers 502 then. All follow again as soon as one replica is back.

- **HAProxy**: `server-template web 10 _http._tcp.web.default.svc.cluster.local resolvers dnsd`, and in `resolvers dnsd`
  a `nameserver` for each replica, `accepted_payload_size 1232` and `hold valid 1s`. It takes a cut answer for the
  whole: above some twenty endpoints use `nameserver one tcp@ADDRESS:53` with `accepted_payload_size 8192`. It keeps
  what it had for 30 s (`hold refused`, `hold timeout`; both may be longer). It divides SRV weights by 256: register 256
  for 1, 2560 for 10.
- **nginx**: `resolver ADDRESS ADDRESS valid=5s;` and the name in a variable (without one it asks once, at its start):
  `set $web web.default.svc.cluster.local; proxy_pass http://$web:8080;`. Keep `resolver_timeout` above the 5 s after
  which it asks the next replica.
- **Prometheus**: `dns_sd_configs` with `names: [_http._tcp.web.default.svc.cluster.local]` and `type: SRV`, or with the
  service's name, `type: A` and a `port`. Or `http_sd_configs` with the `url`
  `http://ADDRESS:8053/v1/prometheus?namespace=default&service=web&port=http`, which knows ids, states and labels, too
  (`__meta_dnsd_…`), and shows endpoints that are not ready: keep those of `__meta_dnsd_state` `ready` by relabelling.
  That list is one replica's: while it is away Prometheus keeps the targets that it had. By DNS it asks the other one.
- **gRPC**: `dns:///web.default.svc.cluster.local:50051` with the policy `round_robin`. It asks again when a connection
  breaks, at most every 30 s (`grpc.dns_min_time_between_resolutions_ms`): one that comes is found when another ends.

## Resolvers in front
They cache: what left is gone one TTL (5 s) later, and a name that was denied is there `negative_ttl_seconds` later.

- **dnsmasq**: `server=/cluster.local/ADDRESS`, one line for each replica, and `all-servers`.
- **unbound**: a `stub-zone` for `cluster.local` with a `stub-addr` for each replica, `do-not-query-localhost: no` where
  that is 127.0.0.1, and where it validates `domain-insecure: cluster.local`.
- **systemd-resolved**: `systemd/resolved.conf.d/dnsd.conf`; `docs/operating.md` says what else there is to decide.

## host and nslookup
Both pass over an answer without RA, and dnsd sets RA only for whom it forwards. Without `forward` they ask all servers
of `resolv.conf` in turn and take what the *last* one says: right while the last replica answers; when that is down they
say "no servers could be reached", although the first has answered. nslookup prints "recursion not available" for each,
and an unknown short name ends as "5(REFUSED)", because the name as it stands is asked last. With `forward` (for this
client) the first answer is taken and nothing is printed. No other client of the table minds; dig merely warns.

## What DNS cannot reach
- **Caches in programs.** Java keeps addresses for 30 s whatever the TTL says (`networkaddress.cache.ttl`), and for ever
  under a security manager. Browsers keep them for up to a minute. A connection that is kept open asks nothing at all:
  close idle ones, or let them end after a time, if instances come and go.
- **Order.** glibc and musl sort addresses by RFC 6724 before a program sees them: among addresses of one kind the order
  of the answer stays, so weights count; between kinds it does not.
- **One address only.** Many programs try just the first address. Ask for SRV, or put HAProxy or Envoy in front.
"""


def row(client: Client | Follower) -> str:
    """One client's line of the table."""
    reasons = list(dict.fromkeys(client.cannot.values()))
    cells = [f"no ({reasons.index(client.cannot[one]) + 1})" if one in client.cannot else "yes" for one in SITUATIONS]
    told = [f"({number}) {reason}" for number, reason in enumerate(reasons, 1)]
    return f"| {client.name} | {' | '.join(cells)} | {'; '.join([*told, *([client.note] if client.note else [])])} |"


def page() -> str:
    """The whole page."""
    titles = f"| client | {' | '.join(SITUATIONS.values())} | what to know |"
    table = "\n".join([titles, "| --- " * (len(SITUATIONS) + 2) + "|", *map(row, (*CLIENTS, *FRONTS, *FOLLOWERS))])
    return f"{HEAD}\n{table}\n{SITUATIONS_TEXT}{TAIL}"


if __name__ == "__main__":
    print(page(), end="")
