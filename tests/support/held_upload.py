"""A PUT to a reference backend that is kept in the middle until a test lets it end."""

import socket
from urllib.parse import urlsplit

WHOLE = b"0123456789"


class HeldUpload:
    """A PUT of WHOLE to a signed URL, of which the second half is kept back until `finish`."""

    def __init__(self, signed_url):
        url = urlsplit(signed_url)
        self._socket = socket.create_connection((url.hostname, url.port), timeout=240)
        head = [
            f"PUT {url.path}?{url.query} HTTP/1.1",
            f"Host: {url.netloc}",
            "Content-Type: video/mp2t",
            f"Content-Length: {len(WHOLE)}",
            "Expect: 100-continue",
        ]
        self._socket.sendall("\r\n".join([*head, "", ""]).encode())
        assert self._socket.recv(100).startswith(b"HTTP/1.1 100 ")
        self._socket.sendall(WHOLE[:5])

    def finish(self):
        """Send the rest; return the status, 0 where the backend has hung up."""
        with self._socket:
            try:
                self._socket.sendall(WHOLE[5:])
                answer = self._socket.recv(1000)
            except OSError:
                return 0
        return int(answer.split()[1]) if answer else 0
