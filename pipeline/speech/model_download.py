"""Fetches a Whisper model from the hub into the cache that Hugging Face's programs share. Runs in the child process.

How it is done. The hub is asked once for the model's files with their sizes and checksums. What is here already is
compared with these, and what differs is removed. Every other file is appended to `blobs/<checksum>.incomplete`, where
the next run goes on after a failure: the hub's own client begins anew. A file whose checksum is right is moved to
`blobs/<checksum>` and linked from `snapshots/<commit>/`; `refs/main` is written last, so that no program takes a part
for the model.
"""

from __future__ import annotations

import errno
import hashlib
import io
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from huggingface_hub import HfApi, hf_hub_url
from huggingface_hub import constants as hub
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import (  # type: ignore[attr-defined]  # public, by its documentation
    WeakFileLock,
    build_hf_headers,
    disable_progress_bars,
)

from pipeline.errors import SpeechError
from pipeline.speech.model_cache import BLOBS, LOCKS, REFS, SNAPSHOTS, check_name, model_cache_folder, repository_of
from pipeline.speech.model_folder import REQUIRED
from pipeline.speech.silence_watch import SilenceWatch

PATTERNS = ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*")
"""The files of a repository that faster-whisper uses."""
BRANCH = "main"
BLOCK_BYTES = 32 << 10
"""How much is read at once: the client's own 10 MB come too seldom on a slow line to tell it from a silent one."""
ROOM_BYTES = 64 << 20
"""How much of the disk is left free."""
TRIES = 3
"""How many requests in a row may bring no further byte before the download is given up."""
PAUSE_S = 1.0
SHA256_LENGTH = 64
TOO_MANY_REQUESTS, SERVER_ERRORS = 429, 500
MEGABYTE = 1 << 20

_NetworkError: type[Exception] = HfHubHTTPError.__bases__[0]
"""The base of the errors of the HTTP library below the hub's client, which is not the same in each version of it."""

Report = Callable[[int, int], None]
"""Told how many bytes of a model are here, and how many it has."""


@dataclass(frozen=True, kw_only=True)
class HubFile:
    """A file of a model, as the hub describes it; the checksum is a SHA-256, or Git's SHA-1 of a small one."""

    name: str
    size_bytes: int
    checksum: str


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The files of a model in a commit."""

    commit: str
    files: Sequence[HubFile]


def fetch_model(name: str, report: Report, watch: SilenceWatch) -> Path:
    """Return the folder of a model whose files all have the hub's checksums; fetch those that don't.

    Args:
        name: One of `known_names`.
        report: Told how far it is.
        watch: Told of every byte that comes while the hub is waited for.

    Raises SpeechError, and what the hub's client raises where nobody answers.
    """
    check_name(name)
    if hub.HF_HUB_OFFLINE:
        raise SpeechError(
            f"The Whisper model '{name}' isn't whole on this computer, and HF_HUB_OFFLINE forbids downloading it: "
            "allow it once, or choose a model folder."
        )
    disable_progress_bars()
    hub.DOWNLOAD_CHUNK_SIZE = BLOCK_BYTES
    with _hub_answers(name), _cache_takes(name):
        return _Download(name, report, watch).run()


class _Download:
    """One model on its way."""

    def __init__(self, name: str, report: Report, watch: SilenceWatch) -> None:
        self._name = name
        self._repository = repository_of(name)
        self._folder = model_cache_folder(name)
        self._report = report
        self._watch = watch

    def run(self) -> Path:
        with self._watch:
            listing = _listing(self._name, self._repository)
        snapshot = self._folder / SNAPSHOTS / listing.commit
        for folder in (self._folder / BLOBS, self._folder / REFS, snapshot):
            folder.mkdir(parents=True, exist_ok=True)
        missing = [file for file in listing.files if not self._is_here(file, snapshot)]
        total = sum(file.size_bytes for file in listing.files)
        done = total - sum(file.size_bytes for file in missing)
        self._check_room(sum(file.size_bytes - _size(self._part(file)) for file in missing))
        for file in missing:
            self._fetch(file, listing.commit, self._told(done, total))
            _link(self._blob(file), snapshot / file.name)
            done += file.size_bytes
        (self._folder / REFS / BRANCH).write_text(listing.commit, encoding="ascii")
        return snapshot

    def _blob(self, file: HubFile) -> Path:
        return self._folder / BLOBS / file.checksum

    def _part(self, file: HubFile) -> Path:
        return self._folder / BLOBS / f"{file.checksum}.incomplete"

    def _is_here(self, file: HubFile, snapshot: Path) -> bool:
        """Whether a file is linked and right; what is neither is removed."""
        blob, link = self._blob(file), snapshot / file.name
        if _is_right(link, file):
            return True
        link.unlink(missing_ok=True)
        if not _is_right(blob, file):
            blob.unlink(missing_ok=True)
            return False
        _link(blob, link)
        return True

    def _check_room(self, needed_bytes: int) -> None:
        free = shutil.disk_usage(self._folder).free
        if needed_bytes > 0 and free < needed_bytes + ROOM_BYTES:
            raise SpeechError(
                f"The Whisper model '{self._name}' needs {_megabytes(needed_bytes)}, but the disk of {self._folder} "
                f"has {_megabytes(free)} left: free some space, or set HF_HOME to a folder on another disk."
            )

    def _fetch(self, file: HubFile, commit: str, report: Callable[[int], None]) -> None:
        """Bring a file here. It is asked for twice where it arrives with another checksum."""
        part, lock = self._part(file), Path(hub.HF_HUB_CACHE) / LOCKS / self._folder.name / f"{file.checksum}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        with WeakFileLock(lock):  # what another program fetches meanwhile is waited for
            if _is_right(self._blob(file), file):
                return
            for _ in range(2):
                with self._watch:
                    self._transfer(file, commit, report)
                if _is_right(part, file):
                    part.replace(self._blob(file))
                    return
                part.unlink()
        raise SpeechError(
            f"The Whisper model '{self._name}' arrives damaged from {hub_host()} ({file.name} has another checksum "
            "than it says): start again later, or choose a model folder."
        )

    def _transfer(self, file: HubFile, commit: str, report: Callable[[int], None]) -> None:
        """Append the rest of a file to its part, also when the connection breaks off a few times."""
        part = self._part(file)
        url = hf_hub_url(self._repository, file.name, revision=commit)
        if _size(part) > file.size_bytes:
            part.unlink()
        left = TRIES
        while _size(part) < file.size_bytes or not part.exists():
            before = _size(part)
            try:
                with _CountedFile(part, self._counted(report)) as target:
                    http_get(
                        url,
                        target,
                        resume_size=before,
                        headers=build_hf_headers(),
                        expected_size=file.size_bytes,
                        displayed_filename=file.name,
                    )
            except (_NetworkError, OSError) as error:
                if not _may_pass(error):
                    raise
                left = TRIES if _size(part) > before else left - 1
                if not left:
                    raise
                time.sleep(PAUSE_S)

    def _told(self, before_bytes: int, total_bytes: int) -> Callable[[int], None]:
        return lambda here_bytes: self._report(before_bytes + here_bytes, total_bytes)

    def _counted(self, report: Callable[[int], None]) -> Callable[[int], None]:
        def count(here_bytes: int) -> None:
            self._watch.reset()
            report(here_bytes)

        return count


class _CountedFile(io.BufferedWriter):
    """A file that is appended to, and tells after each write how long it is."""

    def __init__(self, path: Path, listen: Callable[[int], None]) -> None:
        super().__init__(io.FileIO(path, "a"))
        self._listen = listen

    def write(self, data: bytes) -> int:  # type: ignore[override]  # the client writes nothing but bytes
        written = super().write(data)
        self._listen(self.tell())
        return written


def _listing(name: str, repository: str) -> Listing:
    """Ask the hub for a model's files. Raises SpeechError, HfHubHTTPError, and what the HTTP library raises."""
    for left in reversed(range(TRIES)):
        try:
            info = HfApi().model_info(repository, files_metadata=True, timeout=hub.HF_HUB_ETAG_TIMEOUT)
            break
        except HfHubHTTPError as error:
            if not left or not _may_pass(error):
                raise
            time.sleep(PAUSE_S)
    files = []
    for sibling in info.siblings or ():
        checksum = sibling.lfs.sha256 if sibling.lfs else sibling.blob_id
        if any(fnmatch(sibling.rfilename, pattern) for pattern in PATTERNS) and sibling.size is not None and checksum:
            files.append(HubFile(name=sibling.rfilename, size_bytes=sibling.size, checksum=checksum))
    names = {file.name for file in files}
    missing = next((needed[0] for needed in REQUIRED if not names & set(needed)), None)
    if missing or not info.sha:
        raise SpeechError(
            f"{hub_host()} offers the Whisper model '{name}' without {missing or 'a version'}: "
            "check HF_ENDPOINT, or choose a model folder."
        )
    return Listing(commit=info.sha, files=sorted(files, key=lambda file: file.size_bytes))


def _is_right(path: Path, file: HubFile) -> bool:
    """Whether a file has the size and the checksum that the hub names."""
    return path.is_file() and path.stat().st_size == file.size_bytes and _checksum(path, file) == file.checksum


def _checksum(path: Path, file: HubFile) -> str:
    """Return a file's checksum of the kind that the hub names: large files have a SHA-256, others Git's SHA-1."""
    if len(file.checksum) == SHA256_LENGTH:
        digest = hashlib.sha256()
    else:
        digest = hashlib.sha1(f"blob {file.size_bytes}\0".encode("ascii"), usedforsecurity=False)
    with path.open("rb") as source:
        while block := source.read(MEGABYTE):
            digest.update(block)
    return digest.hexdigest()


def _link(blob: Path, link: Path) -> None:
    """Let a snapshot have a file. Where the system allows no links, as Windows may, the file itself is moved there."""
    link.unlink(missing_ok=True)
    try:
        link.symlink_to(Path("..", "..", BLOBS, blob.name))
    except OSError:
        blob.replace(link)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _may_pass(error: Exception) -> bool:
    """Whether the same request may succeed later: a broken connection, an overloaded server."""
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code == TOO_MANY_REQUESTS or error.response.status_code >= SERVER_ERRORS
    return not isinstance(error, OSError) or error.errno is None  # without a number: fewer bytes came than announced


@contextmanager
def _hub_answers(name: str) -> Iterator[None]:
    """Make a sentence of an answer of the hub that refuses."""
    try:
        yield
    except HfHubHTTPError as error:
        _refused(name, error)


def _refused(name: str, error: HfHubHTTPError) -> NoReturn:
    status = error.response.status_code
    if status == TOO_MANY_REQUESTS:
        text = f"{hub_host()} gets too many requests from here (status 429): start again in a few minutes"
    elif status >= SERVER_ERRORS:
        text = f"{hub_host()} can't give it now (status {status}): start again later"
    elif status in (401, 403):
        text = f"{hub_host()} refuses it (status {status}): check HF_ENDPOINT and HF_TOKEN"
    else:
        text = f"{hub_host()} doesn't have it (status {status}): check HF_ENDPOINT"
    raise SpeechError(f"The Whisper model '{name}' can't be downloaded: {text}, or choose a model folder.") from error


@contextmanager
def _cache_takes(name: str) -> Iterator[None]:
    """Make a sentence of what keeps the model from being written."""
    try:
        yield
    except OSError as error:
        if error.errno is None or isinstance(error, HfHubHTTPError):
            raise
        place = model_cache_folder(name)
        if error.errno == errno.ENOSPC:
            raise SpeechError(
                f"The disk is full: the Whisper model '{name}' doesn't fit into {place}. Free some space and start "
                "again; what has come so far is kept."
            ) from error
        raise SpeechError(
            f"The Whisper model '{name}' can't be kept in {place} ({error.strerror}): make the folder writable, or "
            "set HF_HOME to another one."
        ) from error


def _megabytes(size_bytes: int) -> str:
    return f"{-(-size_bytes // MEGABYTE)} MB"


def hub_host() -> str:
    """Return which hub is asked, without a password that its address may have."""
    return urlsplit(hub.ENDPOINT).hostname or hub.ENDPOINT
