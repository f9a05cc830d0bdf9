"""pong ADDRESS PORT: an HTTP server that tells the address it was asked at, and at /metrics a metric."""

import http.server
import sys


class Pong(http.server.BaseHTTPRequestHandler):
    """Answers every GET."""

    def do_GET(self) -> None:
        """The address, as text; for Prometheus a series."""
        self.send_response(200)
        self.end_headers()
        told = "pong 1" if self.path == "/metrics" else self.connection.getsockname()[0]
        self.wfile.write(f"{told}\n".encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(http.server.ThreadingHTTPServer):
    """Lets more wait for it than the five of the library."""

    request_queue_size = 128


Server((sys.argv[1], int(sys.argv[2])), Pong).serve_forever()
