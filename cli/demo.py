"""`demo`: the whole job on the shipped sample, into a backend on this computer, and a comparison of what arrived."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
from dataclasses import replace
from pathlib import Path

from backend.server import serve_in_thread
from backend.settings import BackendSettings
from cli.job_reports import exit_status
from cli.job_thread import run_cancellable
from cli.main import EXIT_DONE, complain
from cli.render import renderer, start_for
from config import Config
from installation import ROOT
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.errors import OutputError, TransferError
from pipeline.events import Event, JobFinished
from pipeline.job import EncodingRequest, Existing, Job, TranscriptionRequest, UploadRequest
from pipeline.media.stream_layout import TRANSCRIPT_TXT
from pipeline.model import JobReport, Outcome
from pipeline.published import published_files
from storage import LocalStorageBackend, StorageError

SAMPLE = ROOT / "samples" / "welcome.mp4"
MODEL = ROOT / "samples" / "whisper-words"
PREFIX = "demo/welcome/"
STORE = "store"


def run(options: argparse.Namespace, config: Config) -> int:
    """Convert, upload, compare and say where to look."""
    output: Path = options.output.absolute()
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{output} can't be made ({error.strerror}): choose another folder with -o.") from error
    settings = BackendSettings.from_config(
        replace(
            config, server=replace(config.server, storage_type="LOCAL", local_max_size_gb=None, public_base_url="")
        ),
        root=output / STORE,
        token=secrets.token_urlsafe(32),
    )
    with serve_in_thread(settings) as backend:
        report = _job(
            output, replace(config, backend=replace(settings.endpoints, url=backend.url, token=settings.token))
        )
    if report.outcome is not Outcome.DONE:
        complain(*report.error.splitlines())
        return exit_status([report])
    files = asyncio.run(compare(report.folder, LocalStorageBackend(output / STORE)))
    _say_where_to_look(output, report.folder, files)
    return EXIT_DONE


async def compare(folder: Path, store: LocalStorageBackend) -> int:
    """Compare every published file with what is stored; return how many there are.

    Raises TransferError naming the first that differs.
    """
    files = published_files(folder)
    for path in files:
        key = PREFIX + path.relative_to(folder).as_posix()
        try:
            stored = await store.load(key)
        except StorageError as error:
            raise TransferError(
                f"{key} is not in the store although its upload was confirmed: run the demo again."
            ) from error
        if stored != path.read_bytes():
            raise TransferError(f"{key} in the store differs from {path}: run the demo again.")
    return len(files)


def _job(output: Path, config: Config) -> JobReport:
    job = Job(
        source=SAMPLE,
        output_dir=output,
        slug=wiring.slug_for(SAMPLE),
        encoding=EncodingRequest(preset="veryfast"),
        transcription=TranscriptionRequest(model=str(MODEL)),
        upload=UploadRequest(prefix=PREFIX, language="en", replace=True),
        existing=Existing.FRESH,
    )
    plan = wiring.probe_and_plan(job, config)
    view = renderer(as_json=False)
    start_for(view, plan)

    def show(event: Event) -> None:
        if not isinstance(event, JobFinished):  # its address is that of a backend which ends with the demo
            view.event(event)

    try:
        return run_cancellable(lambda sink, cancel: wiring.run_job(plan, config, sink, cancel), show, CancelToken())
    finally:
        view.close()


def _say_where_to_look(output: Path, folder: Path, files: int) -> None:
    heard = (folder / TRANSCRIPT_TXT).read_text(encoding="utf-8").split("\n")
    root = output / STORE
    lines = [
        "",
        f"Verified: all {files} files in the store equal those that were made.",
        f"Heard:    {' / '.join(line for line in heard if line)}",
        f"Files:    {folder}",
        f"Store:    {root / PREFIX}",
        "",
        "To watch the stream, start a backend on that store and open the address it prints:",
        f'  ./hls-converter backend --root "{root}"',
    ]
    sys.stdout.write("\n".join(lines) + "\n")
