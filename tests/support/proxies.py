"""Proxies on loopback, HTTP and SOCKS5, that let through, ask for a password or refuse.

They take every name for this machine.
"""

from __future__ import annotations

import base64
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer

from threaded_servers import serving

PAGE = b"<html><body><h1>No entry</h1><p>The proxy of the school says no.</p></body></html>"
PASSWORD = "user:pass-word"


class _Proxy:
    """What both have: `asked` holds every name and port that was asked for;
    `greeted` is set by the first connection.
    """

    daemon_threads = True  # a tunnel ends with its client

    def begin(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self.greeted = threading.Event()
        self.silent = False
        self.password = ""

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class HttpProxy(_Proxy, ThreadingHTTPServer):
    """`status` answers every request in place of what it asks for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _HttpHandler)
        self.begin()
        self.status = 0


class SocksProxy(_Proxy, ThreadingTCPServer):
    """`reply` is what a request is answered with (RFC 1928, 6): 0 lets through. `silent` says nothing to it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _SocksHandler)
        self.begin()
        self.reply = 0


class _HttpHandler(BaseHTTPRequestHandler):
    server: HttpProxy
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_CONNECT(self) -> None:
        host, _, port = self.path.rpartition(":")
        self.server.asked.append((host, int(port)))
        self.server.greeted.set()
        self.close_connection = True
        if self._refused():
            return
        with socket.create_connection(("127.0.0.1", int(port))) as far:
            self.send_response(200)
            self.end_headers()
            _join(self.connection, far)

    def do_GET(self) -> None:
        self.server.asked.append((self.path, 0))
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if not self._refused():
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    do_PUT = do_GET

    def _refused(self) -> bool:
        status, wanted = self.server.status, base64.b64encode(self.server.password.encode()).decode()
        if self.server.password and self.headers.get("Proxy-Authorization") != f"Basic {wanted}":
            status = 407
        if status:
            self.send_response(status)
            if status == 407:
                self.send_header("Proxy-Authenticate", 'Basic realm="school"')
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(PAGE)))
            self.end_headers()
            self.wfile.write(PAGE)
        return bool(status)


class _SocksHandler(StreamRequestHandler):
    server: SocksProxy

    def handle(self) -> None:
        with suppress(OSError):
            self._handle()

    def _handle(self) -> None:
        _, count = self.rfile.read(2)
        methods = self.rfile.read(count)
        if self.server.password:
            if 2 not in methods:
                self.wfile.write(b"\x05\xff")
                return
            self.wfile.write(b"\x05\x02")
            _, length = self.rfile.read(2)
            name = self.rfile.read(length)
            said = name + b":" + self.rfile.read(self.rfile.read(1)[0])
            right = said == self.server.password.encode()
            self.wfile.write(b"\x01\x00" if right else b"\x01\x01")
            if not right:
                return
        else:
            self.wfile.write(b"\x05\x00")
        kind = self.rfile.read(4)[3]
        size = {1: 4, 4: 16}.get(kind) or self.rfile.read(1)[0]
        raw = self.rfile.read(size)
        host = raw.decode() if kind == 3 else socket.inet_ntop(socket.AF_INET if kind == 1 else socket.AF_INET6, raw)
        port = int.from_bytes(self.rfile.read(2), "big")
        self.server.asked.append((host, port))
        self.server.greeted.set()
        if self.server.silent:
            self.rfile.read(1)
            return
        reply = bytes((5, self.server.reply, 0, 1, 0, 0, 0, 0, 0, 0))
        if self.server.reply:
            self.wfile.write(reply)
            return
        with socket.create_connection(("127.0.0.1", port)) as far:
            self.wfile.write(reply)
            _join(self.connection, far)


def _join(near: socket.socket, far: socket.socket) -> None:
    """Pass on what either side sends until one hangs up."""
    others = {near: far, far: near}
    while True:
        for one in select.select([near, far], [], [])[0]:
            block = one.recv(1 << 16)
            if not block:
                return
            others[one].sendall(block)


@contextmanager
def http_proxy() -> Iterator[HttpProxy]:
    """Run an HTTP proxy while the block runs."""
    with serving(HttpProxy()) as proxy:
        yield proxy


@contextmanager
def socks_proxy() -> Iterator[SocksProxy]:
    """Run a SOCKS5 proxy while the block runs."""
    with serving(SocksProxy()) as proxy:
        yield proxy
