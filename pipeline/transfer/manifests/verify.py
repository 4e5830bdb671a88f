"""Do the files here, the manifest and the server agree. Finds out and says; changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from pipeline.errors import AuthenticationError, TransferError
from pipeline.published import MANIFEST_FILE, published_names
from pipeline.transfer.manifests.inventory import GoneError, Inventory, RemoteObject
from pipeline.transfer.manifests.local_copy import difference, path_for
from pipeline.transfer.manifests.manifest import BEGUN, FileEntry, Manifest
from pipeline.transfer.manifests.placement import Placement
from pipeline.transfer.manifests.proof import stored_md5
from pipeline.transfer.manifests.remote import Remote
from pipeline.transfer.manifests.restore import address_of


class Location(str, Enum):
    """Where something disagrees with the manifest."""

    LOCAL = "this computer"
    SERVER = "server"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One disagreement; `file` is a path in the job's folder."""

    file: str
    side: Location
    text: str


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What was found, what could not be looked at, and how many files were compared.

    `unproven` is how many files nothing on the server shows to be there with their content, nor to differ.
    """

    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...]
    files: int
    local_files: int
    server_files: int
    unproven: int


@dataclass(frozen=True, kw_only=True)
class _Compared:
    """What came of comparing some files on one side; `proven` are those that have their content there."""

    findings: Sequence[Finding] = ()
    unchecked: Sequence[str] = ()
    files: int = 0
    proven: frozenset[str] = frozenset()


def verify(manifest: Manifest, folder: Path | None, remote: Remote, *, deep: bool) -> Verification:
    """Compare the files of this computer and of the server with the manifest.

    `folder` is the job's, None to look where the manifest says that the files were. Without a backend the server is
    left out. `deep` reads every file on the server whole. Raises SettingsError for names that lead out of the folder,
    TransferError.
    """
    local = _local(manifest, folder)
    server = _server(manifest, remote, deep=deep)
    judged = server.proven | {finding.file for finding in server.findings}
    found = sorted((*local.findings, *server.findings), key=lambda finding: (finding.file, finding.side))
    return Verification(
        findings=tuple(found),
        unchecked=(*local.unchecked, *server.unchecked),
        files=manifest.total_files,
        local_files=local.files,
        server_files=server.files,
        unproven=sum(file.filename not in judged for file in manifest.files),
    )


def _local(manifest: Manifest, folder: Path | None) -> _Compared:
    places = {file.filename: path for file in manifest.files if (path := _place(file, folder)) is not None}
    present = {name: path for name, path in places.items() if path.is_file()}
    if not present:
        return _Compared(unchecked=("The files are not on this computer.",))
    findings, placement = [], manifest.placement
    for file in manifest.files:
        path = present.get(file.filename)
        text = _local_text(file, path, placement) if path is not None else "The file is missing."
        if text:
            findings.append(Finding(file=file.filename, side=Location.LOCAL, text=text))
    findings += [
        Finding(file=name, side=Location.LOCAL, text="The file is not in the manifest: it was not uploaded.")
        for name in _names(folder)
        if name not in places and name != MANIFEST_FILE
    ]
    return _Compared(findings=findings, files=len(present))


def _place(file: FileEntry, folder: Path | None) -> Path | None:
    if folder is not None:
        return path_for(folder, file.filename)
    return Path(file.local_path) if file.local_path is not None else None


def _names(folder: Path | None) -> list[str]:
    return published_names(folder) if folder is not None else []


def _local_text(file: FileEntry, path: Path, placement: Placement) -> str:
    try:
        return difference(path, file, placement)
    except OSError as error:
        return f"The file can't be read ({error.strerror})."


def _server(manifest: Manifest, remote: Remote, *, deep: bool) -> _Compared:
    if remote.backend_url:
        parts = [_manifests(manifest, remote)]
    else:
        more = "" if deep else " Use --deep to read the files at their public addresses."
        parts = [_Compared(unchecked=(f"No backend is configured (BACKEND_URL): it was not asked.{more}",))]
    if remote.offer.list or remote.offer.read:
        parts.append(_objects(manifest, remote))
    elif not deep and remote.backend_url:
        parts.append(
            _Compared(
                unchecked=(
                    "The backend neither lists nor reads: use --deep to read the files at their public addresses.",
                )
            )
        )
    if deep:
        wrong = {finding.file for part in parts for finding in part.findings}
        parts.append(_contents([file for file in manifest.files if file.filename not in wrong], remote))
    return _Compared(
        findings=[finding for part in parts for finding in part.findings],
        unchecked=[text for part in parts for text in part.unchecked],
        files=max(part.files for part in parts),
        proven=frozenset().union(*(part.proven for part in parts)),
    )


def _manifests(manifest: Manifest, remote: Remote) -> _Compared:
    """Compare the server's copy of the manifest with ours."""
    if not remote.offer.manifest:
        return _Compared(unchecked=("The backend does not give manifests: its copy was not compared.",))
    theirs = remote.manifest(manifest.prefix)
    if theirs is None:
        text = "The server has no manifest: upload the folder again."
    elif theirs.begun:
        text = BEGUN.format(prefix=manifest.prefix)
    elif [file.identity for file in theirs.files] != [file.identity for file in manifest.files]:
        text = (
            "The server has the manifest of another upload "
            f"(synced {theirs.last_synced}, this one {manifest.last_synced})."
        )
    else:
        return _Compared()
    return _Compared(findings=(Finding(file=MANIFEST_FILE, side=Location.SERVER, text=text),))


def _objects(manifest: Manifest, remote: Remote) -> _Compared:
    """Compare sizes, MD5 and ETags as the server says them."""
    unchecked = []
    if remote.offer.list:
        with remote.inventory() as inventory:
            present: Mapping[str, RemoteObject] = {stored.key: stored for stored in inventory.objects(manifest.prefix)}
        # a backend may give other keys than were asked for, and these lie where they like
        outside = [file for file in manifest.files if not file.s3_key.startswith(manifest.prefix)]
        named = {file.s3_key for file in manifest.files} | {manifest.own_key}
        extra = len(present.keys() - named)
        if extra:
            unchecked.append(
                f"The server has {_count(extra, 'file')} more at {manifest.prefix}: "
                "`manifest prune` shows what is left over."
            )
    else:
        present, outside = {}, list(manifest.files)
    if remote.offer.read:
        looked = remote.each(outside, lambda inventory, file: inventory.look_up(file.s3_key))
        present = {**present, **{stored.key: stored for stored in looked if stored is not None}}
        outside = []
    if outside:
        unchecked.append(
            f"{_count(len(outside), 'file')} could not be looked up: the backend lists {manifest.prefix} only."
        )
    skipped = {file.filename for file in outside}
    findings, by_size, proven = [], 0, set()
    for file in manifest.files:
        if file.filename in skipped:
            continue
        stored = present.get(file.s3_key)
        text = _stored_text(file, stored)
        if text:
            findings.append(Finding(file=file.filename, side=Location.SERVER, text=text))
        elif stored is not None and not _by_content(file, stored):
            by_size += 1
        else:
            proven.add(file.filename)
    if by_size:
        unchecked.append(f"{_count(by_size, 'file')} could be compared by size only: the server does not say an MD5.")
    return _Compared(
        findings=findings, unchecked=unchecked, files=manifest.total_files - len(skipped), proven=frozenset(proven)
    )


def _stored_text(file: FileEntry, stored: RemoteObject | None) -> str:
    if stored is None:
        return "The file is missing."
    if stored.size_bytes != file.size_bytes:
        return f"The file has {stored.size_bytes} bytes, in the manifest {file.size_bytes}."
    if stored.etag is not None and stored.etag == file.etag:  # some servers take every ETag for an MD5
        return ""
    if stored.md5 is not None and file.md5_hash is not None:
        return (
            "" if stored.md5 == file.md5_hash.lower() else "The file has other content than was uploaded (MD5 differs)."
        )
    if stored.etag is not None and file.etag is not None:
        return "The file was stored again since then (ETag differs)."
    return ""


def _by_content(file: FileEntry, stored: RemoteObject) -> bool:
    return (stored.md5 is not None and file.md5_hash is not None) or (
        stored.etag is not None and stored.etag == file.etag
    )


def _contents(files: Sequence[FileEntry], remote: Remote) -> _Compared:
    """Read files on the server whole."""
    nowhere = 0 if remote.offer.read else sum(not file.s3_url for file in files)
    files = [file for file in files if file.s3_url or remote.offer.read]

    def one(inventory: Inventory, file: FileEntry) -> Finding | None:
        text = _content_text(inventory, remote, file)
        return Finding(file=file.filename, side=Location.SERVER, text=text) if text else None

    findings = [finding for finding in remote.each(files, one) if finding is not None]
    unknown = sum(file.md5_hash is None for file in files)
    unchecked = (
        [f"{_count(unknown, 'file')} could be read but not compared: the manifest has no MD5."] if unknown else []
    )
    if nowhere:
        unchecked.append(
            f"{_count(nowhere, 'file')} could not be read: the manifest has no address, and the backend does not read."
        )
    proven = {file.filename for file in files if file.md5_hash is not None} - {finding.file for finding in findings}
    return _Compared(findings=findings, unchecked=unchecked, files=len(files), proven=frozenset(proven))


def _content_text(inventory: Inventory, remote: Remote, file: FileEntry) -> str:
    try:
        md5 = stored_md5(
            inventory, lambda: address_of(inventory, remote, file), key=file.s3_key, size_bytes=file.size_bytes
        )
    except AuthenticationError:
        raise
    except GoneError:
        return "The file is missing."
    except TransferError as error:
        return str(error)
    same = file.md5_hash is None or md5 == file.md5_hash.lower()
    return "" if same else "The file has other content than was uploaded (MD5 differs)."


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
