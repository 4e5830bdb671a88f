"""A source of this machine, sent once to where other machines read it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from source_server import noise
from store_server import TOKEN, Fault, running_server

from config import BackendApi, Config
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, SettingsError, SourceError
from pipeline.fingerprint import fingerprint
from pipeline.job import Job
from pipeline.source_address import SourceAddress
from pipeline.sources.fetching import FetchListener, fetch_source, located
from pipeline.sources.sending import send_source
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.patience import Patience
from pipeline.transfer.http.recovery import TransferRecovery
from pipeline.transfer.manifests.inventory import OBJECT


class Counting(TransferControl):
    """Counts what goes out, and cancels when it is too much."""

    def __init__(self, most: int | None = None, cancel: CancelToken | None = None) -> None:
        super().__init__(parallel=1)
        self.sent = 0
        self._most, self._cancel = most, cancel

    def admit(self, size_bytes, cancel):
        self.sent += size_bytes
        if self._most is not None and self.sent > self._most and self._cancel is not None:
            self._cancel.cancel()
        super().admit(size_bytes, cancel)


@pytest.fixture
def sender(backend_config, tmp_path) -> Config:
    """The settings of the machine that has the source."""
    return replace(backend_config, data_dir=tmp_path / "data")


@pytest.fixture
def reader(backend_config, tmp_path) -> Config:
    """Those of another one, which has its own folders."""
    return replace(backend_config, cache_dir=tmp_path / "elsewhere")


def read(address, config, tmp_path):
    """Return what another machine gets at an address."""
    job = Job(source=tmp_path / "x", output_dir=tmp_path / "out", slug="x", address=address)
    with located(job, config, CancelToken()) as found:
        place = found.job.source
    fetch_source(job, config, CancelToken(), TransferControl(), FetchListener())
    return place


def test_another_machine_reads_what_was_sent(sender, reader, tmp_path):
    """By an address without any secret; the fingerprint and the name are those of the file."""
    source = tmp_path / "Größe & 1.mp4"
    source.write_bytes(noise(3_000_000))
    address = send_source(source, sender, CancelToken())
    assert (f"backend:sources/{fingerprint(source).sha256_head_tail[:32]}-3000000/Größe & 1.mp4", False) == (
        address.text,
        address.signed,
    )
    there = read(address, reader, tmp_path)
    assert (source.name, source.read_bytes()) == (there.name, there.read_bytes())
    assert fingerprint(source) == fingerprint(there)


def test_it_is_sent_once(sender, tmp_path):
    """Also by a machine that knows nothing of the first time."""
    source = tmp_path / "again.mp4"
    source.write_bytes(noise(2_000_000, "again"))
    first = send_source(source, sender, CancelToken())
    counting = Counting()
    other = replace(sender, data_dir=tmp_path / "other data")
    assert first == send_source(source, other, CancelToken(), control=counting)
    assert 0 == counting.sent


def test_what_was_deleted_since_is_sent_again(tmp_path):
    """What this machine knows of the first time is of no use then; an owner's videos are apart from others'."""
    source = tmp_path / "a.mp4"
    source.write_bytes(b"video")
    with running_server() as server:
        server.capabilities = {"read": True}
        config = Config(backend=BackendApi(url=server.url, token=TOKEN), data_dir=tmp_path / "data")
        for _ in range(2):
            key = send_source(source, config, CancelToken(), owner="queue").text.removeprefix("backend:")
            assert ("sources/queue", b"video") == (key.rpartition("/")[0].rpartition("/")[0], server.stored.pop(key))


def test_what_was_cut_short_goes_on(sender, reader, tmp_path):
    """In parts: those that the store has are not sent again."""
    source = tmp_path / "large.mp4"
    source.write_bytes(noise(1_000_000, "large") * 80)
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        send_source(source, sender, cancel, control=Counting(60_000_000, cancel))
    counting = Counting()
    address = send_source(source, sender, CancelToken(), control=counting)
    assert counting.sent < 50_000_000
    assert source.read_bytes() == read(address, reader, tmp_path).read_bytes()


def test_a_backend_that_gives_nothing_back_is_said(tmp_path):
    """One with the three endpoints alone; nothing is sent."""
    source = tmp_path / "a.mp4"
    source.write_bytes(b"video")
    with running_server() as server:
        config = Config(backend=BackendApi(url=server.url, token=TOKEN), data_dir=tmp_path / "data")
        with pytest.raises(SettingsError, match=r"The backend can't give a\.mp4 to other machines"):
            send_source(source, config, CancelToken())
        assert [] == server.puts()


def test_without_a_backend_it_is_said(tmp_path):
    """And with a source that is not there."""
    source = tmp_path / "a.mp4"
    with pytest.raises(SourceError, match=r"can't be read"):
        send_source(source, Config(), CancelToken())
    source.write_bytes(b"video")
    with pytest.raises(SettingsError, match=r"goes to other machines through the backend: set BACKEND_URL"):
        send_source(source, Config(), CancelToken())


@pytest.mark.parametrize("status", [503, 429])
def test_a_backend_in_trouble_is_waited_for_while_its_file_is_fetched(tmp_path, monkeypatch, status):
    """As the store is: it is asked again where the file can be read, and one sentence says that this waits."""
    source, pauses, told = tmp_path / "a.mp4", [], []
    source.write_bytes(noise(100_000))
    for one in (Patience, TransferRecovery):
        monkeypatch.setitem(one.__init__.__kwdefaults__, "clock", lambda: sum(pauses))
    with running_server() as server:
        server.capabilities = {"read": True}
        backend = BackendApi(url=server.url, token=TOKEN, patience_s=600.0)
        config = Config(backend=backend, data_dir=tmp_path / "data", cache_dir=tmp_path / "cache")
        address = send_source(source, config, CancelToken())
        asked = next(one.path for one in server.arrivals if one.path.startswith(OBJECT))
        server.api_faults[asked].extend(Fault(status=status) for _ in range(8))
        cancel = CancelToken()
        cancel.wait = pauses.append
        job = Job(source=tmp_path / "x", output_dir=tmp_path / "out", slug="x", address=address)
        listener = FetchListener(announce=lambda text, level: told.append(text))
        assert 100_000 == fetch_source(job, config, cancel, TransferControl(), listener)
    assert 8 == len(pauses)
    assert [True] == ["is too busy or has a problem" in text for text in told if "waits" in text]


def test_a_backend_that_refuses_is_asked_once_while_its_file_is_fetched(tmp_path):
    """The sentence names the file, and what the backend says."""
    with running_server() as server:
        server.capabilities = {"read": True}
        config = Config(backend=BackendApi(url=server.url, token="other"), cache_dir=tmp_path / "cache")
        address = SourceAddress(text="backend:sources/1/a.mp4")
        job = Job(source=tmp_path / "x", output_dir=tmp_path / "out", slug="x", address=address)
        with pytest.raises(SourceError, match=r"^backend:sources/1/a\.mp4 can't be read: "):
            fetch_source(job, config, CancelToken(), TransferControl(), FetchListener())
        assert 1 == len([one for one in server.arrivals if one.path.startswith(OBJECT)])
