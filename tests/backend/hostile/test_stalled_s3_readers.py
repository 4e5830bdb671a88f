"""Clients that ask for objects of a bucket and don't read them: they hold up nobody, and no connection to the store."""

import os
import time
from dataclasses import replace
from urllib.parse import urlsplit

import psutil
import requests
from hostile_clients import WAIT_S, held, wait_until_ended

from backend.server import serve_in_thread
from storage.s3_bucket import CONNECTIONS

READERS = CONNECTIONS + 16
"""More than there are connections for all other requests."""

UNUSED = CONNECTIONS + 8
"""How many connections may stay open for later requests, of both kinds."""

LARGE_BYTES = 16 << 20
"""More than the systems' buffers on both ways keep for a client that doesn't read."""


def connections_to(url):
    """Return how many connections this process has to a server."""
    port = urlsplit(url).port
    found = (one for one in psutil.Process().net_connections("tcp") if one.status == psutil.CONN_ESTABLISHED)
    return sum(1 for one in found if one.raddr.port == port)


def test_readers_that_stall(settings, s3_bucket, clock, monkeypatch):
    """Meanwhile others are served, sign and list; the connections to the store are given up, then those of the clients
    are ended.
    """
    place = replace(s3_bucket, prefix="tests/stalled")
    over_s3 = replace(settings, storage=place, limits=replace(settings.limits, sweep_s=0.05))
    authorized = {"Authorization": f"Bearer {settings.token}"}
    monkeypatch.setattr("storage.s3_reading.HELD_S", 0.5)
    with serve_in_thread(over_s3) as backend:

        def ask(method, path, **more):
            return requests.request(method, backend.url + path, headers=authorized, timeout=WAIT_S, **more)

        def sign(key):
            wanted = {"key": key, "contentType": "video/mp4"}
            return ask("POST", "/api/admin/content/aws/uploadUrl", json=wanted).json()["signedUrl"]

        content = os.urandom(1 << 20) * (LARGE_BYTES >> 20)
        requests.put(sign("a.mp4"), data=content, headers={"Content-Type": "video/mp4"}, timeout=WAIT_S)
        request = b"GET /objects/a.mp4 HTTP/1.1\r\nHost: x\r\n\r\n"
        with held(backend.url, READERS, request, receive_bytes=4096) as clients:
            asked = [ask("GET", path).status_code for path in ("/health", "/api/s3/objects?prefix=a", "/objects/a.mp4")]
            signed = sign("b.mp4")
            begun = {client.recv(12) for client in clients}
            deadline = time.monotonic() + WAIT_S
            while connections_to(place.endpoint_url) > UNUSED and time.monotonic() < deadline:
                time.sleep(0.1)
            kept = connections_to(place.endpoint_url)
            wait_until_ended(clients, clock)
            afterwards = ask("GET", "/objects/a.mp4").content

    assert [200, 200, 200] == asked
    assert signed.startswith(place.endpoint_url)
    assert {b"HTTP/1.1 200"} == begun
    assert kept <= UNUSED
    assert content == afterwards
