"""What comes from the system's package manager: installed where it may be, named where it may not."""

import pytest


@pytest.fixture
def system_packages(load, monkeypatch):
    """The module, on what it takes for a Debian with root's rights."""
    module = load("system_packages")
    monkeypatch.setattr(module, "has_apt", lambda: True)
    monkeypatch.setattr(module, "is_root", lambda: True)
    return module


@pytest.fixture
def apt_get(tmp_path, monkeypatch):
    """Return a function that puts an apt-get of our own on PATH, which notes its arguments and ends as told."""
    calls = tmp_path / "calls"

    def fake(*, failing):
        program = tmp_path / "apt-get"
        program.write_text(
            f'#!/bin/sh\necho "$@" >> {calls}\necho apt says no\ncase "$*" in *{failing}*) exit 100;; esac\n',
            encoding="utf-8",
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
        return lambda: calls.read_text(encoding="utf-8").splitlines()

    return fake


def test_installs_as_root(system_packages, apt_get, capfd):
    """As root on Debian the packages are installed, which is said, and apt-get's noise is not shown."""
    calls = apt_get(failing="nothing")
    system_packages.install(["xvfb", "xdotool"], purpose="The tests need")
    assert ["--quiet update", "--quiet install --yes --no-install-recommends xvfb xdotool"] == calls()
    assert ("", "Installing xvfb xdotool from the system's packages...\n") == capfd.readouterr()


def test_stale_list_is_no_reason_to_stop(system_packages, apt_get):
    """A list of packages that can't be renewed may still do."""
    calls = apt_get(failing="update")
    system_packages.install(["xvfb"], purpose="The tests need")
    assert 2 == len(calls())


def test_failed_installation(system_packages, apt_get, capfd):
    """What apt-get says is shown when it fails, and a sentence says what to do."""
    apt_get(failing="install")
    with pytest.raises(
        system_packages.SetUpError, match=r"^The tests need xvfb, which could not be installed: see the lines above"
    ):
        system_packages.install(["xvfb"], purpose="The tests need")
    assert "apt says no" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (
            "has_apt",
            (
                "^The tests need what Debian calls xvfb xdotool: "
                "install it with your system's package manager and start again.$"
            ),
        ),
        ("is_root", "^The tests need xvfb xdotool: run `sudo apt install xvfb xdotool` and start again.$"),
    ],
)
def test_may_not_install(system_packages, apt_get, tmp_path, monkeypatch, missing, said):
    """Not on Debian or not as root, nothing is started, and a sentence names what is missing."""
    apt_get(failing="nothing")
    monkeypatch.setattr(system_packages, missing, lambda: False)
    with pytest.raises(system_packages.SetUpError, match=said):
        system_packages.install(["xvfb", "xdotool"], purpose="The tests need")
    assert not (tmp_path / "calls").exists()


class TestNeeds:
    """Which packages ./run-tests asks for."""

    @pytest.fixture
    def run_tests(self, load, monkeypatch):
        """What ./run-tests does, with installing and checking noted instead of done."""
        module = load("run_tests")
        module.done = []
        monkeypatch.setattr(module, "install", lambda packages, *, purpose: module.done.append(packages))
        monkeypatch.setattr(module, "run_check", lambda name, command: module.done.append(name) or 0)
        monkeypatch.setattr(module, "has_apt", lambda: True)
        return module

    @pytest.mark.parametrize(
        ("there", "asked"),
        [
            ({"xvfb": True, "chromium": True, "python3-tk": True}, []),
            ({"xvfb": False, "chromium": True, "python3-tk": False}, [["xvfb", "python3-tk"]]),
        ],
        ids=["nothing", "two"],
    )
    def test_only_what_is_missing(self, run_tests, monkeypatch, there, asked):
        """Only what is missing is asked for, and nothing at all when everything is there."""
        monkeypatch.setattr(
            run_tests, "SYSTEM_PACKAGES", {name: lambda value=value: value for name, value in there.items()}
        )
        monkeypatch.setattr(run_tests, "from_system", lambda: True)
        assert 0 == run_tests.main([])
        assert [*asked, "ruff check", "ruff format", "mypy", "pytest"] == run_tests.done

    def test_python_that_apt_cant_help(self, run_tests, monkeypatch, capsys):
        """A Python without Tk that is not Debian's own can't be helped by a package, and that is said."""
        monkeypatch.setattr(run_tests, "SYSTEM_PACKAGES", {"python3-tk": lambda: False})
        monkeypatch.setattr(run_tests, "from_system", lambda: False)
        assert (1, []) == (run_tests.main([]), run_tests.done)
        assert "HLS_CONVERTER_PYTHON=/usr/bin/python3" in capsys.readouterr().err
