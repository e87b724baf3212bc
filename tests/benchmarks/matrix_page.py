"""A page with one text area, on a loopback port; what stands in it is in a file after every change."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_PAGE = """<!doctype html><meta charset=utf-8><title>{title}</title>
<textarea id=t rows=20 cols=80 autofocus></textarea>
<script>
let sending = false, again = false;
async function send() {{
  if (sending) {{ again = true; return; }}
  sending = true;
  do {{ again = false; await fetch("/", {{method: "POST", body: t.value}}); }} while (again);
  sending = false;
}}
t.oninput = send; t.focus(); send();
</script>
"""


class Page:
    """Serves the page until it is closed."""

    def __init__(self, file: Path) -> None:
        loaded = self.loaded = threading.Event()  # the page has said what stands in it

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(_PAGE.format(title=file.name).encode())

            def do_POST(self) -> None:
                file.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
                self._answer(b"")
                loaded.set()

            def _answer(self, content: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/"
        self._serving = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._serving.start()

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
        self._serving.join()
