"""What the tests of the upload engine share: a real server, a folder like a job's,
and an uploader that does not wait.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography import x509
from store_server import TOKEN, StoreServer, running_server
from threaded_servers import serving
from tls_servers import Authority, TlsServer, make_authority
from upload_parts import write_folder

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.transfer.upload.uploader import Uploader


@pytest.fixture
def server() -> Iterator[StoreServer]:
    """Backend and store on loopback."""
    with running_server() as running:
        yield running


@pytest.fixture
def backend(server: StoreServer) -> BackendApi:
    """The settings with which the server is reached."""
    return BackendApi(url=server.url, token=TOKEN)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A job's folder with thirteen published files, two of them empty, and some that are not published."""
    return write_folder(tmp_path / "lesson")


@pytest.fixture
def uploader(backend: BackendApi) -> Uploader:
    """An uploader that tries four times without pausing."""
    return Uploader(backend, session_id=None, delays=(0, 0, 0))


@pytest.fixture
def cancel() -> CancelToken:
    """A token that nobody has raised."""
    return CancelToken()


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Fail a test that leaves an upload's thread behind."""
    yield
    assert [] == [thread.name for thread in threading.enumerate() if thread.name.startswith("upload")]


@pytest.fixture
def in_thread() -> Iterator[Callable[[Callable[[], object]], Callable[[], object]]]:
    """Return a function that starts work in a thread and returns another that waits for its result or exception."""
    threads = []

    def start(work: Callable[[], object]) -> Callable[[], object]:
        box: list[object] = []

        def run() -> None:
            try:
                box.append(work())
            except BaseException as error:  # noqa: BLE001  # handed to the test, whatever it is
                box.append(error)

        thread = threading.Thread(target=run, name="test-work")
        thread.start()
        threads.append(thread)

        def result() -> object:
            thread.join(timeout=60)
            assert not thread.is_alive(), "the work did not end"
            return box[0]

        return result

    yield start
    for thread in threads:
        thread.join(timeout=60)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority that no computer knows."""
    return make_authority(tmp_path / "authority.pem")


@pytest.fixture
def serve(authority: Authority) -> Iterator[Callable[[x509.GeneralName], TlsServer]]:
    """Return a function that starts a server whose certificate is for a name."""
    with ExitStack() as opened:
        yield lambda name: opened.enter_context(serving(TlsServer(authority.context_for(name))))
