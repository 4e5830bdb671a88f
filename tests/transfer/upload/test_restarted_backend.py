"""Uploads to the reference backend as a process of its own, which is restarted meanwhile or refuses something."""

import signal
import threading

import pytest
from backend_process import TOKEN, running_backend
from held_upload import HeldUpload
from ports import ports_for_servers
from upload_parts import FOLDER, PREFIX

from config import BackendApi
from pipeline.transfer.http import recovery
from pipeline.transfer.http.body import FileBody
from pipeline.transfer.http.client import BackendClient
from pipeline.transfer.http.connections import Connections
from pipeline.transfer.http.refusal import RefusedError
from pipeline.transfer.http.store_client import StoreClient
from pipeline.transfer.upload.uploader import Uploader

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signals")
WAIT_S = 240


def test_an_upload_goes_through_a_restart(tmp_path, folder, cancel, in_thread, monkeypatch):
    """The backend refuses new files while it drains, is gone, and comes back, with two processes: everything arrives,
    nobody is asked.
    """
    monkeypatch.setattr(recovery, "OFFLINE_PAUSE_S", 0.05)
    root, begun, go_on = tmp_path / "root", threading.Event(), threading.Event()

    def hold_back(*_):
        begun.set()
        assert go_on.wait(WAIT_S)

    (port,) = ports_for_servers(1)
    with running_backend(root, port=port, BACKEND_DRAIN_SECONDS="100000") as backend:
        api = BackendApi(url=backend.url, token=TOKEN)
        uploader = Uploader(api, session_id=None, delays=(0, 0, 0), patience_s=WAIT_S)
        result = in_thread(lambda: uploader.upload(folder, PREFIX, resume=True, on_progress=hold_back, cancel=cancel))
        assert begun.wait(WAIT_S)
        other = HeldUpload(backend.signed_url("other.ts"))
        backend.send(signal.SIGTERM)
        backend.logged(lambda line: "Stopping:" in line)
        go_on.set()
        backend.logged(lambda line: " 503 " in line)
        assert (200, 0) == (other.finish(), backend.ended())
    with running_backend(root, "--workers", "2", port=port):
        done = result()

    assert done.complete
    assert FOLDER == {name: (root / PREFIX / name).read_bytes() for name in FOLDER}


def test_a_refusal_names_the_request_as_the_backends_log_does(tmp_path, folder, cancel):
    """So that an editor can tell the administrator which one it was; the upload's own log has it too."""
    noted = []
    with running_backend(tmp_path / "root", BACKEND_DRAIN_SECONDS="100000") as backend:
        with Connections(cancel).session() as http:
            client = BackendClient(BackendApi(url=backend.url, token=TOKEN), http, noted.append)
            signed = client.presign("a.ts", "video/mp2t")
            held = HeldUpload(backend.signed_url("b.ts"))
            backend.send(signal.SIGTERM)
            backend.logged(lambda line: "Stopping:" in line)
            with pytest.raises(RefusedError) as asked:
                client.presign("c.ts", "video/mp2t")
            segment = FileBody(folder / "720p/seg_001.ts", cancel=cancel, on_bytes=lambda _: None)
            with segment as body, pytest.raises(RefusedError) as sent:
                StoreClient(http, noted.append).put(signed, "video/mp2t", body)
        ids = [error.value.refusal.request_id for error in (asked, sent)]
        lines = [backend.logged(lambda line, one=one: f"id={one}" in line) for one in ids]
        held.finish()

    assert [True, True] == [" 503 " in line for line in lines]
    assert [True, True] == [
        str(error.value).endswith(f" In the server's log this is request {one}.")
        for error, one in zip((asked, sent), ids, strict=True)
    ]
    assert [1, 1] == [sum(f"(request {one})" in line for line in noted) for one in ids]
