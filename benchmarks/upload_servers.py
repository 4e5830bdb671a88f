"""The servers of the upload benchmarks: an S3 server, a proxy that puts it far away, and our backend."""

from __future__ import annotations

import argparse
import importlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))

PREFIX = "lesson/"
FOLDER = "videos"
"""Our backend keeps everything below this in the bucket."""

REGION = "us-east-1"
PROGRAM = str(ROOT / "hls_converter.py")


@dataclass(frozen=True, kw_only=True)
class Server:
    """An S3 server and a bucket there."""

    endpoint_url: str
    bucket: str
    access_key_id: str
    secret_access_key: str


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
    with importlib.import_module("s3_server").running(scratch / "s") as running:
        server = Server(
            endpoint_url=running.endpoint_url,
            bucket=options.bucket,
            access_key_id=running.access_key_id,
            secret_access_key=running.secret_access_key,
        )
        client = s3_client(server)
        client.create_bucket(Bucket=server.bucket)
        # the server makes the places for whole objects and for parts when it first needs them, which takes seconds
        client.put_object(Bucket=server.bucket, Key="first", Body=b"first")
        begun = {"Bucket": server.bucket, "Key": "second"}
        begun["UploadId"] = client.create_multipart_upload(**begun)["UploadId"]
        part = client.upload_part(**begun, PartNumber=1, Body=b"second")
        client.complete_multipart_upload(**begun, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
        client.close()
        yield server


def s3_client(server: Server) -> Any:  # noqa: ANN401  # boto3 makes its clients' classes when it runs
    """Return a client for a server, without a proxy between."""
    names = {f"aws_{name}": getattr(server, name) for name in ("access_key_id", "secret_access_key")}
    return importlib.import_module("boto3").client("s3", endpoint_url=server.endpoint_url, region_name=REGION, **names)


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
        assert process.stdout is not None
        yield f"{scheme}://127.0.0.1:{process.stdout.readline().strip()}"


@contextmanager
def our_backend(root: Path, settings: Mapping[str, str]) -> Iterator[Backend]:
    """Run our backend with these settings."""
    token = secrets.token_urlsafe(32)
    command = [sys.executable, PROGRAM, "backend", "--port", "0", "--root", str(root)]
    environ = {**os.environ, **settings, "AUTH_TOKEN": token}
    with ended(subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)) as process:
        assert process.stdout is not None
        yield Backend(url=process.stdout.readline().split()[1], token=token, process_id=process.pid)


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """End a process with the block."""
    with process:
        try:
            yield process
        finally:
            process.terminate()


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
