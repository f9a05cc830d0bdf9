"""grpc_server ADDRESS PORT: a gRPC server whose only call tells its address."""

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc

address, port = sys.argv[1:]
call = grpc.unary_unary_rpc_method_handler(lambda request, context: address.encode())
server = grpc.server(ThreadPoolExecutor(2))
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Pong", {"Where": call})])
server.add_insecure_port(f"{address}:{port}")
server.start()
print("listening", flush=True)
server.wait_for_termination()
