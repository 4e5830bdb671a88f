"""The servers of the upload benchmarks: an S3 server, a proxy that puts it far away, and our backend."""

from __future__ import annotations

import argparse
import importlib
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))

PREFIX = "lesson/"
FOLDER = "videos"
"""Our backend keeps everything below this in the bucket."""

REGION = "us-east-1"
PROGRAM = str(ROOT / "hls_converter.py")

LOOK_S = 1.0
"""How often a server is looked after while something is measured, in seconds."""

LONGEST_S = 1800.0
"""No upload that is measured takes as long; the slowest took a minute and a half."""

READY_S = 120.0
STOP_S = 10.0
DIRECT_S = 120.0
"""How long the S3 server may take for one request of the benchmark's own."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """An S3 server and a bucket there."""

    endpoint_url: str
    bucket: str
    access_key_id: str
    secret_access_key: str
    trouble: Callable[[], str] = str
    """Says why it will not answer any more, empty while all is well."""


@dataclass(frozen=True, kw_only=True)
class Backend:
    """Our backend, in a process of its own."""

    url: str
    token: str
    process_id: int


@contextmanager
def an_s3_server(scratch: Path, options: argparse.Namespace) -> Iterator[Server]:
    """Start a server, or take the one that was named, and make sure that its first upload is not this one."""
    if options.endpoint:
        known = (os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
        yield Server(
            endpoint_url=options.endpoint, bucket=options.bucket, access_key_id=known[0], secret_access_key=known[1]
        )
        return
    s3_server = importlib.import_module("s3_server")
    with ExitStack() as opened:
        try:
            running = opened.enter_context(s3_server.running(scratch / "s"))
        except s3_server.ServerFailedError as error:
            sys.exit(f"The S3 server did not start: {error}. Start the benchmark again, or use --endpoint.")
        server = Server(
            endpoint_url=running.endpoint_url,
            bucket=options.bucket,
            access_key_id=running.access_key_id,
            secret_access_key=running.secret_access_key,
            trouble=lambda: running.trouble,
        )
        warm_up(server)
        yield server


def warm_up(server: Server) -> None:
    """Upload a whole object and one in parts: the server makes their places at the first, which takes seconds."""
    client = s3_client(server)
    client.create_bucket(Bucket=server.bucket)
    client.put_object(Bucket=server.bucket, Key="first", Body=b"first")
    begun = {"Bucket": server.bucket, "Key": "second"}
    begun["UploadId"] = client.create_multipart_upload(**begun)["UploadId"]
    part = client.upload_part(**begun, PartNumber=1, Body=b"second")
    client.complete_multipart_upload(**begun, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    client.close()


def s3_client(server: Server) -> Any:  # noqa: ANN401  # boto3 makes its clients' classes when it runs
    """Return a client for a server, without a proxy between."""
    names = {f"aws_{name}": getattr(server, name) for name in ("access_key_id", "secret_access_key")}
    patience = importlib.import_module("botocore.config").Config(
        connect_timeout=STOP_S, read_timeout=DIRECT_S, retries={"total_max_attempts": 2}
    )
    return importlib.import_module("boto3").client(
        "s3", endpoint_url=server.endpoint_url, region_name=REGION, config=patience, **names
    )


def listed(client: Any, bucket: str) -> Iterator[dict[str, Any]]:  # noqa: ANN401  # as above
    """Yield what was uploaded."""
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{FOLDER}/{PREFIX}"):
        yield from page.get("Contents", ())


def empty(client: Any, bucket: str) -> None:  # noqa: ANN401  # as above
    """Remove what was uploaded."""
    for item in listed(client, bucket):
        client.delete_object(Bucket=bucket, Key=item["Key"])


@contextmanager
def proxy(endpoint_url: str, round_trip_ms: float) -> Iterator[str]:
    """Run a proxy in front of a server; yields its address."""
    scheme, _, to = endpoint_url.rstrip("/").partition("://")
    command = [sys.executable, str(HERE / "latency_proxy.py"), "--to", to, "--round-trip-ms", str(round_trip_ms)]
    with ended(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)) as process:
        yield f"{scheme}://127.0.0.1:{first_line(process, 'the proxy')}"


@contextmanager
def our_backend(root: Path, settings: Mapping[str, str], log: IO[bytes] | None = None) -> Iterator[Backend]:
    """Run our backend with these settings; None for its log: the terminal."""
    token = secrets.token_urlsafe(32)
    subprocess.run(
        [sys.executable, PROGRAM, "backend", "--init", "--root", str(root)], check=True, stdout=subprocess.DEVNULL
    )
    command = [sys.executable, PROGRAM, "backend", "--port", "0", "--root", str(root)]
    environ = {**os.environ, **settings, "AUTH_TOKEN": token}
    with ended(subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=log, text=True)) as process:
        yield Backend(url=first_line(process, "our backend").split()[1], token=token, process_id=process.pid)


def first_line(process: subprocess.Popen[str], name: str) -> str:
    """Return what a program says when it is ready. Ends the benchmark where it doesn't."""
    assert process.stdout is not None
    late = threading.Timer(READY_S, process.kill)
    late.start()
    try:
        line = process.stdout.readline().strip()
    finally:
        late.cancel()
    if not line:
        sys.exit(f"{name} was not ready after {READY_S:.0f} s, or has ended: start the benchmark again.")
    return line


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """End a process with the block, at last by force: it may be waiting for a server that is gone."""
    with process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def given_up(process_id: int, trouble: Callable[[], str]) -> Iterator[Callable[[], str]]:
    """Kill a process inside the block as soon as there is trouble with its server, or when it takes too long.

    Yields what says why it was killed, empty where it was not. Apart from the thread that waits for the process, whose
    time is measured.
    """
    over = threading.Event()

    def watch() -> str:
        looks = 0
        while not over.wait(LOOK_S):
            looks += 1
            why = trouble() or (f"it was not done after {LONGEST_S:.0f} s" if looks * LOOK_S > LONGEST_S else "")
            if why:
                with suppress(ProcessLookupError):
                    os.kill(process_id, signal.SIGKILL)
                return why
        return ""

    with ThreadPoolExecutor(1) as pool:
        watching: Future[str] = pool.submit(watch)

        def why() -> str:
            over.set()
            return watching.result()

        try:
            yield why
        finally:
            over.set()


def s3_settings(server: Server, endpoint_url: str) -> dict[str, str]:
    """Return what our backend is told to keep its objects on a server."""
    return {
        "STORAGE_TYPE": "S3",
        "STORAGE_S3_BUCKET": server.bucket,
        "STORAGE_S3_PREFIX": FOLDER,
        "STORAGE_S3_REGION": REGION,
        "STORAGE_S3_ENDPOINT_URL": endpoint_url,
        "STORAGE_S3_ACCESS_KEY_ID": server.access_key_id,
        "STORAGE_S3_SECRET_ACCESS_KEY": server.secret_access_key,
    }


def keys(server: Server) -> dict[str, str]:
    """Return a server's keys as Amazon's programs read them."""
    return {"AWS_ACCESS_KEY_ID": server.access_key_id, "AWS_SECRET_ACCESS_KEY": server.secret_access_key}
