"""What the set-up decides before it does anything."""

import os
import re
import sys
from pathlib import Path

import pytest


@pytest.fixture
def environment(load):
    """The set-up of a fresh checkout."""
    return load("environment")


@pytest.fixture
def working_venv(environment):
    """Something that passes for a whole environment without pip's weight: only its looks are asked about."""
    environment.PYTHON.parent.mkdir(parents=True)
    environment.PYTHON.symlink_to(sys.executable)
    environment.works = lambda: True
    return environment.VENV


class TestWhyRebuild:
    """When the environment is made anew, and when it is completed in place."""

    def test_none_yet(self, environment):
        """Without an environment there is one to make."""
        assert environment.why_rebuild().startswith("Setting up HLS Converter")

    def test_interrupted(self, environment, working_venv):
        """The marker of an unfinished set-up outweighs everything else."""
        environment.write_stamp(environment.RUN[0], environment.stamp_for(environment.RUN[1]))
        environment.MARKER.touch()
        assert environment.why_rebuild().startswith("The last set-up was interrupted")

    @pytest.mark.parametrize("which", ["RUN", "TESTS"])
    def test_moved(self, environment, working_venv, which):
        """A stamp that names another folder means that the checkout was moved."""
        getattr(environment, which)[0].write_bytes(b"/somewhere/else\n")
        assert environment.why_rebuild().startswith("The folder has moved")

    def test_other_requirements(self, environment, working_venv, checkout):
        """Changed requirements are no reason to begin anew."""
        environment.write_stamp(environment.RUN[0], environment.stamp_for(environment.RUN[1]))
        checkout.require("tiny==2.0")
        assert environment.why_rebuild() is None

    def test_somebodys_own(self, environment, working_venv):
        """An environment that works but has no stamp, made by hand perhaps, is completed."""
        assert environment.why_rebuild() is None

    @pytest.mark.parametrize(
        "target", ["/there/is/no/python", "/bin/false", sys.executable], ids=["gone", "broken", "not-its-own"]
    )
    def test_does_not_work(self, environment, target):
        """An environment whose Python is gone, broken or belongs elsewhere is made anew."""
        environment.PYTHON.parent.mkdir(parents=True)
        environment.PYTHON.symlink_to(os.path.realpath(target))
        assert environment.why_rebuild().startswith("The environment no longer works")


class TestStamp:
    """The stamp says that the environment is right, and for what."""

    def test_ready(self, environment, working_venv):
        """With its stamp an environment is ready, for its own purpose only."""
        environment.write_stamp(environment.RUN[0], environment.stamp_for(environment.RUN[1]))
        assert (True, False) == (environment.is_ready(environment.RUN), environment.is_ready(environment.TESTS))
        assert (0, 1) == (environment.main(["--ready"]), environment.main(["--ready", "--tests"]))

    def test_changed_requirements(self, environment, working_venv, checkout):
        """With other requirements the environment is no longer ready."""
        environment.write_stamp(environment.RUN[0], environment.stamp_for(environment.RUN[1]))
        checkout.require("tiny==2.0")
        assert 1 == environment.main(["--ready"])

    def test_python_is_gone(self, environment, working_venv):
        """A link to a Python that was removed from the machine is not ready."""
        environment.write_stamp(environment.RUN[0], environment.stamp_for(environment.RUN[1]))
        environment.PYTHON.unlink()
        environment.PYTHON.symlink_to("/there/is/no/python")
        assert 1 == environment.main(["--ready"])


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            "  Downloading av-18.1.0-cp311-abi3-manylinux_2_28_x86_64.whl (38.5 MB)\n",
            "  Downloading av 18.1.0 (38.5 MB)",
        ),
        ("Downloading https://x/packages/tiny_one-1.0-py3-none-any.whl (9 kB)\n", "  Downloading tiny_one 1.0 (9 kB)"),
        ("Installing collected packages: av, requests\n", "  Installing 2 packages..."),
        ("Installing collected packages: av\n", "  Installing 1 package..."),
        ("  Downloading av-18.1.0-cp311-abi3-manylinux_2_28_x86_64.whl.metadata (4.6 kB)\n", None),
        ("Collecting av\n", None),
        ("Requirement already satisfied: av in x\n", None),
    ],
    ids=["download", "download-by-address", "install", "install-one", "metadata", "collecting", "satisfied"],
)
def test_visible_step(environment, line, shown):
    """Of all that pip writes, downloads and the installation are shown."""
    assert shown == environment.visible_step(line)


@pytest.mark.parametrize(
    ("from_system", "package"), [(True, f"python3.{sys.version_info.minor}-venv"), (False, "python3-venv")]
)
def test_python_without_ensurepip(environment, monkeypatch, from_system, package):
    """A Debian Python without its venv package has that package installed, or named."""
    asked = []

    def install(packages, *, purpose):
        asked.append(packages)
        raise environment.SetUpError("asked")

    monkeypatch.setitem(sys.modules, "ensurepip", None)
    monkeypatch.setattr(environment, "from_system", lambda: from_system)
    monkeypatch.setattr(environment, "install", install)
    assert (1, [[package]]) == (environment.main([]), asked)


def test_lasting_name(environment):
    """The environment is made from python3.N, a name that never comes to mean another version."""
    assert f"python3.{sys.version_info.minor}" == environment.base_python().name


@pytest.mark.parametrize(("launcher", "which"), [("hls-converter", "RUN"), ("run-tests", "TESTS")])
def test_a_launcher_compares_all_files_of_the_stamp(environment, launcher, which):
    """Otherwise each start would look for another Python and go through the set-up again."""
    text = (Path(__file__).parents[2] / launcher).read_text(encoding="utf-8").replace("\\\n", "")
    line = next(line for line in text.splitlines() if "environment_is_ready" in line)
    files = [file.name for file in getattr(environment, which)[1]]
    assert files == re.findall(r"\$root/([\w.-]+)", line)
