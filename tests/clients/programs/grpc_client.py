"""grpc_client NAME:PORT: who answers twenty calls of a channel that balances over what its resolver finds."""

import sys

import grpc

policy = [("grpc.lb_policy_name", "round_robin")]
with grpc.insecure_channel(f"dns:///{sys.argv[1]}", policy) as channel:
    where = channel.unary_unary("/test.Pong/Where")
    found = {where(b"", timeout=10, wait_for_ready=True).decode()}
    for _ in range(200):
        found.add(where(b"", timeout=10, wait_for_ready=True).decode())
print(*sorted(found), sep="\n")
