"""pong ADDRESS PORT: an HTTP server that tells its address, and at /metrics a metric."""

import http.server
import sys


class Pong(http.server.BaseHTTPRequestHandler):
    """Answers every GET."""

    def do_GET(self) -> None:
        """The address, as text; for Prometheus a series."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"pong 1\n" if self.path == "/metrics" else sys.argv[1].encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Pong).serve_forever()
