"""A real HTTP server on loopback that keeps to the rules until a test tells it to misbehave."""

import hashlib
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[["Handler", bytes], None]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20
    server: "FileServer"

    def do_GET(self):
        self.server.requests.append((self.path, dict(self.headers)))
        script = self.server.scripts.get(self.path, [])
        answer = script.pop(0) if len(script) > 1 else (script[0] if script else honest)
        content = self.server.files.get(self.path)
        if content is None and not script:
            answer = status(404)
        try:
            answer(self, content or b"")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, *args):
        pass

    def head(self, code, **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()


class FileServer(ThreadingHTTPServer):
    """``files`` by path; ``scripts`` by path: an answer for each request, the last one for all after."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.scripts: dict[str, list[Answer]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.leave = threading.Event()
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"

    def ranges(self):
        """The Range header of each request so far."""
        return [headers.get("Range") for _path, headers in self.requests]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_error):
        self.leave.set()
        self.shutdown()
        self.thread.join()
        self.server_close()


def tag(content):
    return f'"{hashlib.sha256(content).hexdigest()[:16]}"'


def honest(handler, content):
    """As RFC 9110 wants it: ranges, If-Range, 416."""
    asked = handler.headers.get("Range")
    if asked and handler.headers.get("If-Range") in {None, tag(content)}:
        begin = int(asked.removeprefix("bytes=").split("-")[0])
        if begin >= len(content):
            handler.head(416, Content_Range=f"bytes */{len(content)}", Content_Length=0)
            return
        part = content[begin:]
        span = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        handler.head(206, Content_Range=span, Content_Length=len(part), ETag=tag(content))
        handler.wfile.write(part)
        return
    whole(handler, content)


def whole(handler, content):
    """The whole, whatever range was asked for."""
    handler.head(200, Content_Length=len(content), ETag=tag(content))
    handler.wfile.write(content)


def cut(after, within=honest):
    """Break the connection off after so many bytes of what ``within`` would send."""

    def answer(handler, content):
        sent, write = 0, handler.wfile.write

        def limited(data):
            nonlocal sent
            if data.startswith(b"HTTP/"):
                return write(data)
            write(data[: max(0, after - sent)])
            handler.wfile.flush()
            sent += len(data)
            return len(data)

        handler.wfile.write = limited
        try:
            within(handler, content)
        finally:
            handler.wfile.write = write
        handler.close_connection = True

    return answer


def stall(after):
    """Send so many bytes of the whole, then nothing until the test is over."""

    def answer(handler, content):
        handler.head(200, Content_Length=len(content), ETag=tag(content))
        handler.wfile.write(content[:after])
        handler.wfile.flush()
        handler.server.leave.wait(20)
        handler.close_connection = True

    return answer


def drip(handler, content):
    """A byte now and then."""
    handler.head(200, Content_Length=len(content))
    for byte in content:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        if handler.server.leave.wait(0.02):
            break
    handler.close_connection = True


def shifted(handler, content):
    """Another part than the one that was asked for."""
    begin = int(handler.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
    begin = begin // 2
    span = f"bytes {begin}-{len(content) - 1}/{len(content)}"
    handler.head(206, Content_Range=span, Content_Length=len(content) - begin)
    handler.wfile.write(content[begin:])


def status(code, **headers):
    """An answer without content."""

    def answer(handler, _content):
        handler.head(code, Content_Length=0, **headers)

    return answer


def endless(handler, content):
    """The content over and over, without a length."""
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    while not handler.server.leave.is_set():
        handler.wfile.write(content or bytes(1000))
    handler.close_connection = True


def unsized(handler, content):
    """The whole, with no word on how long it is."""
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.wfile.write(content)
    handler.close_connection = True
