"""What ./run-tests installs and what it leaves out: an S3 server where none can be had,
and more when it has to be quick.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from slow_tests import LONGEST_FILES, SLOW_FILES, SLOW_FOLDERS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run_tests(load, monkeypatch):
    """Return what loads the module, on what it takes for a Debian, with what it installs noted or refused."""

    def loaded(*, root, missing=("radosgw",), error=None):
        module = load("run_tests")
        installed = []

        def install(packages, *, purpose):
            installed.append((packages, purpose))
            if error is not None:
                raise module.SetUpError(error)

        monkeypatch.setattr(module, "has_apt", lambda: True)
        monkeypatch.setattr(module, "is_root", lambda: root)
        monkeypatch.setattr(module, "install", install)
        monkeypatch.setattr(
            module,
            "S3_SERVER_PACKAGES",
            {name: lambda name=name: name not in missing for name in module.S3_SERVER_PACKAGES},
        )
        monkeypatch.setattr(module, "DATABASE_PACKAGES", {"postgresql": lambda: "postgresql" not in missing})
        module.install_servers()
        return installed

    return loaded


def test_the_missing_packages_are_installed(run_tests):
    """As root on Debian what is missing is installed, and only that."""
    assert [(["radosgw", "ceph-osd"], "The tests on a real S3 server need")] == run_tests(
        root=True, missing=("radosgw", "ceph-osd")
    )


def test_a_missing_database_is_installed(run_tests):
    """PostgreSQL is asked for by itself: who has the one server may lack the other."""
    assert [(["postgresql"], "The tests with several machines need")] == run_tests(root=True, missing=("postgresql",))


@pytest.mark.parametrize(
    ("root", "missing"), [(False, ("radosgw",)), (True, ())], ids=["not root", "nothing is missing"]
)
def test_nothing_is_installed(run_tests, capsys, root, missing):
    """Who may not install packages, or has them, is not bothered."""
    assert [] == run_tests(root=root, missing=missing)
    assert "" == capsys.readouterr().err


def test_a_failed_installation_is_no_end(run_tests, capsys):
    """Where the packages can't be had, that is said, and the other tests run."""
    run_tests(root=True, error="They could not be installed.")
    assert "They could not be installed. These tests are left out.\n" == capsys.readouterr().err


@pytest.fixture
def bare(load, monkeypatch):
    """The module on a computer without any of the system's packages,
    which notes what it runs in place of running it.
    """
    module = load("run_tests")
    module.ran = []
    for packages in (module.SYSTEM_PACKAGES, module.S3_SERVER_PACKAGES, module.DATABASE_PACKAGES):
        monkeypatch.setattr(module, "has_apt", lambda: True)
        for name in packages:
            monkeypatch.setitem(packages, name, lambda: False)
    monkeypatch.setattr(module, "install", lambda packages, **_: pytest.fail(f"installs {packages}"))
    monkeypatch.setattr(module, "run_check", lambda name, command: module.ran.append(name))
    monkeypatch.setattr(module, "LAST_FAILED", Path("none"))
    return module


def test_quick_installs_nothing(bare):
    """Where every package of the system is missing, the quick run goes on without them."""
    assert (0, ["ruff check", "ruff format", "mypy", "pytest"]) == (bare.main(["--quick"]), bare.ran)


@pytest.mark.parametrize(
    ("tk", "display", "xvfb", "window"),
    [(True, ":0", False, True), (True, None, True, True), (True, None, False, False), (False, ":0", True, False)],
    ids=["display", "Xvfb", "no screen", "no Tk"],
)
def test_quick_without_a_screen(bare, monkeypatch, tmp_path, capsys, tk, display, xvfb, window):
    """The window's tests are left out, which is said, where Python has no Tk or nothing can show a window."""
    monkeypatch.setattr(bare, "tk_works", lambda: tk)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    if display:
        monkeypatch.setenv("DISPLAY", display)
    if xvfb:
        (tmp_path / "Xvfb").touch(0o755)
    options = bare.quick_selection()
    said = "of the window" in capsys.readouterr().err
    assert (window, window) == ("tests/ui" not in options, not said)


def test_what_python_compiled_is_kept(load, checkout, monkeypatch):
    """Also where Python is told to keep nothing, for compiling takes longer than many a test."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    (checkout.folder / "keeps.py").write_text("import sys\nsys.exit(sys.dont_write_bytecode)\n", encoding="utf-8")
    assert 0 == load("run_tests").run_check("keeps", ("keeps",))


@pytest.mark.parametrize(
    ("failing", "again", "status", "named"),
    [(0, 0, 0, False), (2, 2, 0, True), (1, 0, 1, False), (4, 4, 1, False)],
    ids=["none", "by chance", "each time", "too many"],
)
def test_what_fails_by_chance_is_named(load, checkout, capfd, failing, again, status, named):
    """A few tests that fail beside others run once more alone; what fails then, too, is a failure."""
    test = """
import pathlib, pytest

@pytest.mark.parametrize("number", range(6))
def test_it(number):
    seen = pathlib.Path(f"{number}.seen")
    first = not seen.exists()
    seen.touch()
    assert not (number < FAILING and (first or not AGAIN))
"""
    folder = checkout.folder / "tests"
    folder.mkdir(exist_ok=True)
    text = test.replace("FAILING", str(failing)).replace("AGAIN", str(again))
    (folder / "test_chance.py").write_text(text, encoding="utf-8")
    ended = load("run_tests").run_all_tests(("pytest", "-q", "-n", "2", "tests/test_chance.py"))
    chance = [line for line in capfd.readouterr().err.splitlines() if "depend on chance" in line]
    assert (status, named) == (ended, bool(chance))
    assert [f"test_chance.py::test_it[{number}]" in "".join(chance) for number in range(6)] == [
        named and number < failing for number in range(6)
    ]


def test_what_is_quick():
    """Tests in a browser, on an S3 server, with a real Whisper model, of whole jobs, and those that are listed as slow
    are not quick; others are.
    """
    files = {
        "tests/browser/test_playing.py": False,
        "tests/integration/test_trim.py": False,
        "tests/transfer/upload/test_real_store.py": False,
        "tests/packaging/test_installed.py": False,
        "tests/speech/test_recorded_speech.py": False,
        "tests/cli/test_usage.py": True,
        "tests/storage/test_storage_backends.py": True,
    }
    quick = ("-m", "not browser and not s3 and not cluster and not speech and not slow")
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *quick, *(ROOT / file for file in files)]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    found = [line for line in listed if "::" in line]
    assert {file for file, is_quick in files.items() if is_quick} == {line.partition("::")[0] for line in found}
    assert [] == [line for line in found if "[s3]" in line]


def test_what_takes_long_begins():
    """So do the processes of a run end together: xdist keeps the order."""
    files = ("cli/test_usage.py", "browser/test_playing.py", "integration/test_trim.py", LONGEST_FILES[0])
    paths = [ROOT / "tests" / file for file in files]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *paths]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    found = [line.partition("::")[0].removeprefix("tests/") for line in listed if "::" in line]
    assert [files[3], files[1], files[2], files[0]] == list(dict.fromkeys(found))


@pytest.mark.parametrize("path", [*LONGEST_FILES, *SLOW_FILES, *SLOW_FOLDERS])
def test_what_is_called_slow_is_there(path):
    """A file that was renamed is renamed in the list, too."""
    assert (ROOT / "tests" / path).exists()
