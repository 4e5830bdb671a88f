"""Goes on from the saved state of an upload where its journal is lost:
what the state names counts once it is read back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from config import BackendApi
from pipeline.errors import AuthenticationError, TransferError
from pipeline.media.stream_layout import MASTER
from pipeline.transfer.http.body import file_md5
from pipeline.transfer.http.content_types import content_type
from pipeline.transfer.http.login import Login
from pipeline.transfer.http.parallel import each
from pipeline.transfer.http.sessions import open_connections
from pipeline.transfer.manifests.proof import Proof
from pipeline.transfer.upload.client_pool import Clients, clients
from pipeline.transfer.upload.journal import Confirmed, JournalContent
from pipeline.transfer.upload.publish_order import OutgoingFile
from pipeline.transfer.upload.sender import UploadContext
from pipeline.transfer.upload.state_file import FileStatus, UploadSnapshot


def as_journal(saved: UploadSnapshot) -> JournalContent:
    """Return what the journal would say of that run, but for its confirmations."""
    version_folder = _version_folder(saved)
    return JournalContent(
        begun=True, started_at=saved.started_at, version_folder=version_folder, version_folders=(version_folder,)
    )


def found_on_server(
    saved: UploadSnapshot, files: Sequence[OutgoingFile], backend: BackendApi, login: Login, context: UploadContext
) -> Mapping[str, Confirmed]:
    """Return those of the files that the state names as uploaded and the server has with the same content.

    The master is not among them: it is sent last in any case. Raises AuthenticationError, Cancelled.
    """
    keys = {
        name: state.s3_key
        for name, state in saved.files.items()
        if state.status is FileStatus.UPLOADED and name != MASTER
    }

    def look(own: Clients, file: OutgoingFile) -> tuple[str, Confirmed | None]:
        try:
            return file.name, _confirmed(own, file, keys[file.name], context)
        except AuthenticationError:
            raise
        except TransferError:  # whatever keeps it from being looked at, it is sent
            return file.name, None

    with open_connections(context.cancel) as connections:

        @contextmanager
        def open_clients() -> Iterator[Clients]:
            with connections.session() as http:
                yield clients(backend, http, login, context)

        named = [file for file in files if file.name in keys]
        return {name: which for name, which in each(named, open_clients, look, context.cancel) if which is not None}


def _confirmed(own: Clients, file: OutgoingFile, key: str, context: UploadContext) -> Confirmed | None:
    md5, url, asked = file_md5(file.path, context.cancel), "", file.key
    if not context.capabilities.read:
        # the address at which a file is found after it was sent is that of the file that was
        size_bytes = file.size_bytes if context.capabilities.declared_size else None
        presigned = own.backend.presign(file.key, content_type(file.path), size_bytes)
        asked, url = presigned.key, presigned.download_url
    proof = Proof(own.inventory, context.capabilities, context.traits, context.note)
    if key != asked or not proof.has(key=key, url=url, size_bytes=file.size_bytes, md5=md5):
        return None
    return Confirmed(size_bytes=file.size_bytes, mtime_ns=file.mtime_ns, key=key, url=url, md5=md5, proven=True)


def _version_folder(saved: UploadSnapshot) -> str:
    """Return the folder below the prefix to which the run went, empty for the prefix itself."""
    prefix = saved.destination.prefix
    for name, state in saved.files.items():
        if state.s3_key.startswith(prefix) and state.s3_key.endswith(f"/{name}"):
            version_folder = state.s3_key[len(prefix) : -len(name)]
            if version_folder:
                return version_folder
    return ""
