"""Models are fetched from a real HTTP hub on loopback: whole, once, and checked."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from model_hub import COMMIT, ModelHub, model_hub, sha256

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, SpeechError
from pipeline.speech.child import WhisperProcess
from pipeline.speech.model import DownloadProgress, download_text, get_model, load_model

pytestmark = pytest.mark.usefixtures("no_child_left")

CACHE = Path("hub", "models--Systran--faster-whisper-base")
NAMES = ["config.json", "model.bin", "preprocessor_config.json", "tokenizer.json", "vocabulary.json"]


@pytest.fixture
def hub(small_model: Path) -> Iterator[ModelHub]:
    """A hub that has the small model under every name."""
    with model_hub(small_model) as running:
        yield running


@pytest.fixture
def environment(hub: ModelHub, offline: dict[str, str]) -> dict[str, str]:
    """An environment with an empty cache and that hub."""
    return {**offline, "HF_ENDPOINT": hub.address}


@pytest.fixture(scope="module")
def fetched(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of a cache that has the model, to be copied."""
    home = tmp_path_factory.mktemp("fetched")
    plain = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    with (
        model_hub(small_model) as hub,
        WhisperProcess({**plain, "HF_HOME": str(home), "HF_ENDPOINT": hub.address}) as whisper,
    ):
        get_model(whisper, "base", CancelToken())
    return home


@pytest.fixture
def snapshot(fetched: Path, cache: Path) -> Path:
    """The folder of the model in a cache that has it already."""
    shutil.copytree(fetched / CACHE, cache, symlinks=True)
    return cache / "snapshots" / COMMIT


@pytest.fixture
def cache(environment: dict[str, str]) -> Path:
    """Where the model will lie."""
    return Path(environment["HF_HOME"]) / CACHE


def test_a_model_is_fetched_into_the_shared_cache(hub, environment, cache, small_model, whisper_in):
    """A model lies where Hugging Face's own client looks for it, and the next job asks nobody."""
    load_model(whisper_in(environment), "base", CancelToken())
    snapshot = cache / "snapshots" / COMMIT
    assert NAMES == sorted(path.name for path in snapshot.iterdir())
    assert {name: (small_model / name).read_bytes() for name in NAMES} == {
        path.name: path.read_bytes() for path in snapshot.iterdir()
    }
    assert (f"../../blobs/{sha256(hub.files['model.bin'])}", COMMIT) == (
        (snapshot / "model.bin").readlink().as_posix(),
        (cache / "refs" / "main").read_text(encoding="ascii"),
    )
    asked = len(hub.asked)
    load_model(whisper_in({**environment, "HF_HUB_OFFLINE": "1"}), "base", CancelToken())
    assert asked == len(hub.asked)


def test_how_far_it_is(hub, environment, whisper_in):
    """Bytes are told from the first to the last, and never fewer than before."""
    told: list[DownloadProgress] = []
    get_model(whisper_in(environment), "base", CancelToken(), on_download=told.append)
    assert (DownloadProgress(), hub.size_bytes) == (told[0], told[-1].done_bytes)
    assert sorted(told, key=lambda progress: progress.done_bytes) == told
    assert {0, hub.size_bytes} == {progress.total_bytes for progress in told}
    assert ["Downloading the Whisper model 'base'...", "Downloading the Whisper model 'base': 45 of 145 MB"] == [
        download_text("base", DownloadProgress()),
        download_text("base", DownloadProgress(done_bytes=(46 << 20) - 1, total_bytes=(144 << 20) + 1)),
    ]


def test_a_download_that_breaks_off_goes_on(hub, environment, cache, whisper_in):
    """The next request asks for the rest only, within a run and in the next one."""
    hub.faults.broken_off_after = [1 << 20, 1 << 20]
    get_model(whisper_in(environment), "base", CancelToken())
    assert ["", "bytes=1048576-", "bytes=2097152-"] == [part for path, part in hub.asked if path.endswith("model.bin")]
    assert hub.files["model.bin"] == (cache / "snapshots" / COMMIT / "model.bin").read_bytes()


def test_a_run_goes_on_where_the_last_one_was_ended(hub, environment, cache, whisper_in):
    """What a cancelled run has fetched is not fetched again."""
    hub.faults.silent_after = 2 << 20
    cancel = CancelToken()

    def cancel_in_the_middle() -> None:
        hub.silent.wait()
        blob = cache / "blobs" / f"{sha256(hub.files['model.bin'])}.incomplete"
        while not (blob.exists() and blob.stat().st_size):
            os.sched_yield()
        cancel.cancel()

    thread = threading.Thread(target=cancel_in_the_middle)
    thread.start()
    with pytest.raises(Cancelled):
        get_model(whisper_in(environment), "base", cancel)
    thread.join()
    (part,) = (cache / "blobs").glob("*.incomplete")
    begun = part.stat().st_size
    hub.faults.silent_after = None
    get_model(whisper_in(environment), "base", CancelToken())
    assert (f"bytes={begun}-", []) == (
        next(part for path, part in reversed(hub.asked) if path.endswith("model.bin")),
        list((cache / "blobs").glob("*.incomplete")),
    )


def test_two_programs_at_once(hub, environment, cache, whisper_in):
    """The second one waits for what the first one fetches: every file comes once, and whole."""
    failures: list[SpeechError] = []

    def fetch() -> None:
        try:
            get_model(whisper_in(environment), "base", CancelToken())
        except SpeechError as error:
            failures.append(error)

    threads = [threading.Thread(target=fetch) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ([], len(NAMES)) == (failures, len(set(_fetched(hub))))
    assert len(NAMES) == len(_fetched(hub))
    assert hub.files["model.bin"] == (cache / "snapshots" / COMMIT / "model.bin").read_bytes()


def test_a_hub_that_falls_silent(hub, environment, whisper_in):
    """It is given up after a time without a byte, and said so."""
    hub.faults.silent_after = 1 << 20
    with pytest.raises(SpeechError) as caught:
        get_model(whisper_in(environment), "base", CancelToken(), patience_s=1)
    assert (
        "The Whisper model 'base' can't be downloaded: nothing came from 127.0.0.1 for 1 seconds. Check the internet "
        "connection and start again; what has come so far is kept."
    ) == str(caught.value)


def test_a_file_that_arrives_damaged_once(hub, environment, cache, whisper_in):
    """It is fetched again."""
    hub.faults.corrupt = 1
    get_model(whisper_in(environment), "base", CancelToken())
    assert hub.files["model.bin"] == (cache / "snapshots" / COMMIT / "model.bin").read_bytes()


def test_a_file_that_arrives_damaged_again_and_again(hub, environment, cache, whisper_in):
    """The model is refused, and nothing damaged stays that could be taken for it."""
    hub.faults.corrupt = 9
    with pytest.raises(
        SpeechError, match=r"^The Whisper model 'base' arrives damaged from 127\.0\.0\.1 \(\w+\.\w+ has"
    ):
        get_model(whisper_in(environment), "base", CancelToken())
    assert [] == [path.name for path in cache.rglob("*") if path.name.endswith((".bin", ".incomplete"))]


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        ([404], r"127\.0\.0\.1 doesn't have it \(status 404\): check HF_ENDPOINT"),
        ([403], r"127\.0\.0\.1 refuses it \(status 403\): check HF_ENDPOINT and HF_TOKEN"),
        ([429] * 3, r"127\.0\.0\.1 gets too many requests from here \(status 429\): start again in a few minutes"),
        ([503] * 3, r"127\.0\.0\.1 can't give it now \(status 503\): start again later"),
        ([0, 0, 404], r"127\.0\.0\.1 doesn't have it \(status 404\): check HF_ENDPOINT"),
        ([0, *[500] * 3], r"127\.0\.0\.1 can't give it now \(status 500\): start again later"),
    ],
    ids=["unknown", "forbidden", "too many requests", "overloaded", "one file unknown", "one file fails"],
)
def test_a_hub_that_refuses(hub, environment, statuses, said, whisper_in):
    """The reason is in the sentence."""
    hub.faults.statuses = statuses
    with pytest.raises(SpeechError, match=rf"^The Whisper model 'base' can't be downloaded: {said}, or choose a model"):
        get_model(whisper_in(environment), "base", CancelToken())


def test_a_hub_that_is_overloaded_for_a_moment(hub, environment, whisper_in):
    """It is asked again."""
    hub.faults.statuses = [503, 429, 0, 500]
    get_model(whisper_in(environment), "base", CancelToken())
    load_model(whisper_in({**environment, "HF_HUB_OFFLINE": "1"}), "base", CancelToken())


def test_a_model_without_its_main_file(hub, environment, whisper_in):
    """A repository that is no model of this kind is refused before anything is fetched."""
    hub.faults.without = "model.bin"
    with pytest.raises(
        SpeechError, match=r"^127\.0\.0\.1 offers the Whisper model 'base' without model\.bin: check HF_"
    ):
        get_model(whisper_in(environment), "base", CancelToken())


def test_too_little_room(hub, environment, whisper_in):
    """A model that doesn't fit on the disk is refused before anything is fetched."""
    hub.faults.claimed_bytes = 1 << 60
    with pytest.raises(
        SpeechError, match=r"^The Whisper model 'base' needs \d+ MB, but the disk of .* has \d+ MB left"
    ):
        get_model(whisper_in(environment), "base", CancelToken())
    assert 1 == len(hub.asked)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is always full")
def test_a_full_disk(hub, environment, cache, whisper_in):
    """A disk that fills up meanwhile is called full."""
    (cache / "blobs").mkdir(parents=True)
    (cache / "blobs" / f"{sha256(hub.files['model.bin'])}.incomplete").symlink_to("/dev/full")
    with pytest.raises(
        SpeechError, match=r"^The disk is full: the Whisper model 'base' doesn't fit into .*base\. Free"
    ):
        get_model(whisper_in(environment), "base", CancelToken())


def test_a_cache_that_cannot_be_written(environment, tmp_path, whisper_in):
    """The folder is named, and what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(
        SpeechError, match=r"^The Whisper model 'base' can't be kept in .* \(Not a directory\): make the"
    ):
        get_model(whisper_in({**environment, "HF_HOME": str(tmp_path / "file")}), "base", CancelToken())


def _cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGE = {
    "model cut short": ("model.bin", _cut_in_half),
    "empty model": ("model.bin", lambda path: path.write_bytes(b"")),
    "empty configuration": ("config.json", lambda path: path.write_text("{}")),
    "configuration that is none": ("config.json", lambda path: path.write_bytes(b"\xff\x00")),
    "broken tokenizer": ("tokenizer.json", _cut_in_half),
    "tokenizer of something else": ("tokenizer.json", lambda path: path.write_text("[]")),
    "broken vocabulary": ("vocabulary.json", _cut_in_half),
    "lost link": ("vocabulary.json", lambda path: path.resolve().unlink()),
}


@pytest.mark.parametrize(("name", "damage"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_model_is_fetched_again(hub, environment, snapshot, name, damage, whisper_in):
    """What is damaged is noticed before the job and fetched again, and nothing else."""
    damage(snapshot / name)
    told: list[DownloadProgress] = []
    load_model(whisper_in(environment), "base", CancelToken(), on_download=told.append)
    assert [f"/Systran/faster-whisper-base/resolve/{COMMIT}/{name}"] == _fetched(hub)
    assert (hub.files[name], hub.size_bytes) == ((snapshot / name).read_bytes(), told[-1].done_bytes)


def test_a_link_that_is_lost(hub, environment, snapshot, whisper_in):
    """A file that is there, but not where it is looked for, isn't fetched again."""
    (snapshot / "vocabulary.json").unlink()
    load_model(whisper_in(environment), "base", CancelToken())
    assert [] == _fetched(hub)


def test_a_damaged_model_without_a_network(environment, offline, snapshot, whisper_in):
    """It is called damaged, not missing."""
    _cut_in_half(snapshot / "model.bin")
    with pytest.raises(
        SpeechError,
        match=r"^The Whisper model 'base' on this computer is damaged and can't be downloaded again \(Conn.* refused\)",
    ):
        load_model(whisper_in({**environment, "HF_ENDPOINT": offline["HF_ENDPOINT"]}), "base", CancelToken())


def test_getting_a_model_checks_every_byte(hub, environment, snapshot, whisper_in):
    """A single wrong byte, with which the model loads, is found and mended when the model is asked for."""
    content = (snapshot / "model.bin").read_bytes()
    (snapshot / "model.bin").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    get_model(whisper_in(environment), "base", CancelToken())
    assert content == (snapshot / "model.bin").read_bytes()


def test_a_copy_where_the_system_has_no_links(hub, environment, snapshot, whisper_in):
    """A snapshot that holds files instead of links, as on Windows, is a model too."""
    for link in list(snapshot.iterdir()):
        blob = link.resolve()
        link.unlink()
        blob.rename(link)
    assert snapshot == get_model(whisper_in(environment), "base", CancelToken())
    assert [] == _fetched(hub)


def _fetched(hub: ModelHub) -> list[str]:
    return [path for path, _ in hub.asked if "/resolve/" in path]


def test_offline_without_the_model(environment, whisper_in):
    """Where the environment forbids the network, that is the reason."""
    with pytest.raises(
        SpeechError, match=r"^The Whisper model 'base' isn't whole on this computer, and HF_HUB_OFFLINE"
    ):
        load_model(whisper_in({**environment, "HF_HUB_OFFLINE": "1"}), "base", CancelToken())


def test_a_proxy(hub, environment, whisper_in):
    """The proxy that the environment names is used."""
    proxies = {"HTTP_PROXY": hub.address, "http_proxy": hub.address}
    get_model(whisper_in({**environment, "HF_ENDPOINT": "http://hub.invalid", **proxies}), "base", CancelToken())
    assert {"hub.invalid"} == hub.proxied


def test_a_folder_is_no_name(tmp_path, whisper):
    """A folder can't be fetched."""
    with pytest.raises(SpeechError, match=r"is a folder, not the name of a Whisper model"):
        get_model(whisper, str(tmp_path), CancelToken())
