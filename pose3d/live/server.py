"""The page on the loopback interface: nobody else on the network can open it."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from pose3d.errors import PoseError
from pose3d.live.feed import Feed
from pose3d.live.page import Page

LOOPBACK = "127.0.0.1"
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".onnx": "application/octet-stream",
}


def serve(page: Page, port: int, feed: Feed | None = None) -> ThreadingHTTPServer:
    """A server that is ready to run; a PoseError where the port is taken. Port 0 takes any that is free."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path).path.lstrip("/") or "index.html"
            if self.headers.get("Host", "").rpartition(":")[0] not in (LOOPBACK, "localhost"):
                self.send_error(403)  # a page elsewhere whose name leads here
            elif address == "about.json":
                self._answer(".json", json.dumps(page.about).encode())
            elif address == "frames" and feed is not None:
                self._follow(feed)
            elif address in page.files:
                self._answer(Path(address).suffix, page.files[address].read_bytes())
            else:
                self.send_error(404)

        def _answer(self, suffix: str, content: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", _KINDS[suffix])
            self.send_header("Content-Length", str(len(content)))
            self._isolate()
            self.wfile.write(content)

        def _follow(self, feed: Feed) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self._isolate()
            try:
                for message in feed.messages():
                    self.wfile.write(f"data: {message}\n\n".encode() if message else b": waiting\n\n")
                    self.wfile.flush()
                self.wfile.write(b"event: end\ndata: {}\n\n")
            except OSError:  # the page was closed
                pass
            self.close_connection = True

        def _isolate(self) -> None:
            # WebAssembly gets threads only in a page that shares its process with no other origin.
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing for each request."""

    try:
        server = ThreadingHTTPServer((LOOPBACK, port), Handler)
    except (OSError, OverflowError) as error:
        raise PoseError(f"port {port} cannot be used ({error}); give another with --port, or 0 for any") from error
    server.daemon_threads = True
    return server
