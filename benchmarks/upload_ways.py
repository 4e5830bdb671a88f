"""One upload in this process, by our engine or by boto3's transfer manager: what the benchmarks start and measure.

    python benchmarks/upload_ways.py ours|ours-whole|ours-manifest|boto3 FOLDER PREFIX CONNECTIONS

`ours` finds its backend in BACKEND_URL and AUTH_TOKEN; `ours-whole` sends even the largest file in one PUT,
`ours-manifest` writes the manifests too. `boto3` finds the server in ENDPOINT_URL and BUCKET, and its keys where
Amazon's programs do. Prints the most memory that was used, in bytes.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

CHUNK_BYTES = 16 << 20
"""How large parts are: what our backend offers, so that all ways send the same."""

IN_PARTS_BYTES = 64 << 20
"""What is as large as this goes up in parts: where our engine begins."""


def main() -> None:
    """Upload; report memory."""
    way, folder, prefix, connections = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    if way == "boto3":
        with_boto3(folder, prefix, connections)
    else:
        with_ours(folder, prefix, connections, in_parts=way != "ours-whole", manifest=way == "ours-manifest")
    sys.stdout.write(f"{peak_memory()}\n")


def with_ours(folder: Path, prefix: str, connections: int, *, in_parts: bool, manifest: bool) -> None:
    """Upload a folder as the program does, through the backend."""
    from config import BackendApi
    from pipeline.cancel import CancelToken
    from pipeline.transfer.http.control import TransferControl
    from pipeline.transfer.upload import multipart
    from pipeline.transfer.upload.manifest_upload import publish_manifest
    from pipeline.transfer.upload.results import upload_failure
    from pipeline.transfer.upload.uploader import Uploader

    if not in_parts:
        multipart.WORTH_PARTS = sys.maxsize
    backend = BackendApi(url=os.environ["BACKEND_URL"], token=os.environ["AUTH_TOKEN"])
    uploader = Uploader(backend, session_id=None, control=TransferControl(parallel=connections))
    result = uploader.upload(folder, prefix, resume=False, cancel=CancelToken())
    if not result.complete:
        raise upload_failure(result)
    if manifest:
        publish_manifest(uploader, result, folder, title="Benchmark", data_dir=None, cancel=CancelToken())


def with_boto3(folder: Path, prefix: str, connections: int) -> None:
    """Upload a folder through one client and one transfer manager, which has so many threads for requests."""
    import boto3  # type: ignore[import-untyped]  # its stubs are not among what the program needs
    from boto3.s3.transfer import TransferConfig, create_transfer_manager  # type: ignore[import-untyped]
    from botocore.config import Config

    # without the first, newer versions add checksums that servers other than Amazon's may store into the file
    # (boto3#4435)
    config = Config(
        request_checksum_calculation="when_required", max_pool_connections=connections, s3={"addressing_style": "path"}
    )
    client = boto3.client("s3", endpoint_url=os.environ["ENDPOINT_URL"], region_name="us-east-1", config=config)
    terms = TransferConfig(
        max_concurrency=connections, multipart_threshold=IN_PARTS_BYTES, multipart_chunksize=CHUNK_BYTES
    )
    files = sorted((path for path in folder.rglob("*") if path.is_file()), key=lambda path: -path.stat().st_size)
    with create_transfer_manager(client, terms) as manager:
        sent = [
            manager.upload(str(path), os.environ["BUCKET"], prefix + path.relative_to(folder).as_posix())
            for path in files
        ]
        for future in sent:
            future.result()


def peak_memory() -> int:
    """Return the most resident memory that this process had, in bytes; 0 where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0
    # not getrusage, which counts the process that started this one as well
    return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main()
