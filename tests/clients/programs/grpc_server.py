"""grpc_server ADDRESS:PORT: a gRPC server whose only call tells its address."""

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc


def where(_: bytes, context: grpc.ServicerContext) -> bytes:
    """On loopback a connection comes from the address that it goes to: the one of the caller is the one called."""
    return context.peer().removeprefix("ipv4:").rpartition(":")[0].encode()


server = grpc.server(ThreadPoolExecutor(2))
call = grpc.unary_unary_rpc_method_handler(where)
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Pong", {"Where": call})])
server.add_insecure_port(sys.argv[1])
server.start()
print("listening", flush=True)
server.wait_for_termination()
