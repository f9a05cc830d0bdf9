"""grpc_client SITUATION=NAME:PORT...: tells of each, for ever, who answers the calls of a channel that balances."""

import sys
import threading
import time

import grpc

CALLS = 50
OPTIONS = [("grpc.lb_policy_name", "round_robin"), ("grpc.dns_min_time_between_resolutions_ms", 500)]
OPTIONS += [("grpc.max_reconnect_backoff_ms", 1000)]


def answered(where: grpc.UnaryUnaryMultiCallable) -> str:
    """The address of who answered one call, or that nobody did."""
    try:
        return where(b"", timeout=5).decode()
    except grpc.RpcError:
        return "failed"


def follow(situation: str, target: str) -> None:
    """Call without end; a line for every change in who answers."""
    told = None
    with grpc.insecure_channel(f"dns:///{target}", OPTIONS) as channel:
        where = channel.unary_unary("/test.Pong/Where")
        while True:
            found = sorted({answered(where) for _ in range(CALLS)})
            if found != told:
                print(f"{situation} {' '.join(found)}\n", end="", flush=True)
            told = found
            time.sleep(0.2)


for each in sys.argv[1:]:
    threading.Thread(target=follow, args=each.split("=")).start()
