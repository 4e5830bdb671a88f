"""./hls-converter, started for real in small checkouts."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
NOT_A_PYTHON = "/there/is/no/python"
DEADLINE_S = 300
PROCESSES = min((os.cpu_count() or 1) + 1, 4)
QUICK = "-m not browser and not s3 and not cluster and not speech and not slow"
LAUNCHERS = ["hls-converter", "run-tests", ".ci/run"]


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """An empty repository with this project's .gitignore."""
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    shutil.copy(ROOT / ".gitignore", folder)
    return folder


@pytest.fixture
def changing(made):
    """The made checkout for a test that changes its requirements; afterwards it is as it was."""
    before = (made.folder / "requirements.txt").read_text(encoding="utf-8")
    yield made
    (made.folder / "requirements.txt").write_text(before, encoding="utf-8")
    assert (0, "1.0") == (made.run()[0], made.installed())


class TestFirstStart:
    """An empty folder becomes one that runs."""

    def test_ends_in_the_program(self, made):
        """The first start makes the environment, says what it does, and goes on into the program."""
        status, _, errors = made.first_start
        assert 0 == status
        assert [
            "Setting up HLS Converter (once, about a minute)...",
            "  Installing 1 package...",
            "HLS Converter is set up.",
        ] == (errors.splitlines())
        assert "1.0" == made.installed()

    def test_output_is_the_programs(self, made):
        """Standard output holds the program's own words alone, so --json works on the first start too."""
        assert ["a b.mp4"] == json.loads(made.first_start[1])["arguments"][1:]

    def test_environment_lies_in_the_checkout(self, made):
        """The program runs in the checkout's own environment."""
        assert str(made.folder / ".venv") == json.loads(made.first_start[1])["prefix"]


class TestLaterStart:
    """With the environment made, no second Python is started."""

    def test_straight_into_the_program(self, made):
        """A later start needs no Python but the environment's and says nothing."""
        (status, output, errors) = made.run("x", environment={"HLS_CONVERTER_PYTHON": NOT_A_PYTHON})
        assert (0, "", ["x"]) == (status, errors, json.loads(output)["arguments"])

    def test_arguments_arrive_as_given(self, made):
        """Arguments with blanks, quotes, stars and nothing in them arrive unchanged."""
        arguments = ["a  b", "", "*", "it's", '"', "$HOME", "-n", "--json", "é"]
        assert arguments == json.loads(made.run(*arguments)[1])["arguments"]

    @pytest.mark.parametrize("status", [0, 1, 2, 130])
    def test_exit_status(self, made, status):
        """The program's exit status is the launcher's."""
        assert status == made.run(environment={"PROGRAM_STATUS": str(status)})[0]

    def test_any_folder(self, made, tmp_path):
        """The launcher runs from any folder and leaves the program there, so relative paths mean what they say."""
        assert str(tmp_path) == json.loads(made.run(cwd=tmp_path)[1])["folder"]

    @pytest.mark.parametrize("relative", [True, False], ids=["relative", "absolute"])
    def test_symlink(self, made, tmp_path, relative):
        """Started through a link to a link, it finds its own folder."""
        first, second = tmp_path / "first", tmp_path / "bin" / "hls"
        second.parent.mkdir()
        target = made.folder / "hls-converter"
        first.symlink_to(os.path.relpath(target, first.parent) if relative else target)
        second.symlink_to("../first" if relative else first)
        assert 0 == made.run(launcher=second, environment={"HLS_CONVERTER_PYTHON": NOT_A_PYTHON})[0]

    def test_relative_path(self, made):
        """Started as ./hls-converter or as `sh hls-converter`, it finds its own folder."""
        assert 0 == made.run(launcher="./hls-converter", cwd=made.folder)[0]
        assert 0 == made.run("hls-converter", launcher="sh", cwd=made.folder)[0]


class TestChanges:
    """What has changed since the set-up is put right."""

    def test_changed_requirements(self, changing):
        """Requirements that changed are installed at the next start, once."""
        changing.require("tiny==2.0")
        first, second = changing.run()[2], changing.run()[2]
        assert ("Bringing the environment of HLS Converter up to date...", "") == (first.splitlines()[0], second)
        assert "2.0" == changing.installed()

    def test_failed_update(self, changing):
        """Packages that can't be had end the start with pip's last lines and one sentence,
        and the environment stays as it was.
        """
        changing.require("tiny==3.0")
        status, output, errors = changing.run()
        assert (1, "", "1.0") == (status, output, changing.installed())
        assert "tiny==3.0" in errors
        assert errors.splitlines()[-1].startswith("The packages that HLS Converter needs could not be installed: check")
        changing.require("tiny==1.0")
        assert (
            "Bringing the environment of HLS Converter up to date...\nHLS Converter is set up.\n" == changing.run()[2]
        )

    def test_moved_folder(self, made, tmp_path):
        """A checkout that was moved makes its environment anew, for its new place."""
        moved = tmp_path / "moved"
        shutil.copytree(made.folder, moved, symlinks=True)
        status, output, errors = made.run(launcher=moved / "hls-converter")
        assert (0, str(moved / ".venv")) == (status, json.loads(output)["prefix"])
        assert errors.startswith("The folder has moved")
        assert str(moved).encode() in (moved / ".venv/bin/pip").read_bytes()


class TestInterruption:
    """Killed half-way, it goes on from a sound state."""

    def test_everything_killed(self, checkout, slow_index):
        """After a first set-up that was killed while it downloaded, the next start makes the environment anew."""
        checkout.require("tiny==2.0", index=slow_index.url)
        process = checkout.start()
        assert slow_index.asked.wait(DEADLINE_S)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=DEADLINE_S)
        slow_index.answer.set()
        status, _, errors = checkout.run()
        assert (0, "2.0") == (status, checkout.installed())
        assert errors.startswith("The last set-up was interrupted")

    def test_two_starts(self, changing, slow_index):
        """Of two starts at once one sets up and the other waits for it, then finds everything done."""
        changing.require("tiny==2.0", index=slow_index.url)
        maker = changing.start()
        assert slow_index.asked.wait(DEADLINE_S)
        waiting = changing.start()
        assert "just being set up by another start" in waiting.stderr.readline()
        slow_index.answer.set()
        assert "" == waiting.communicate(timeout=DEADLINE_S)[1]
        maker.communicate(timeout=DEADLINE_S)
        assert (0, 0, 1) == (waiting.returncode, maker.returncode, slow_index.downloads)

    def test_pip_outlives_its_parent(self, changing, slow_index):
        """While a pip whose parent was killed still works on the environment, the next start waits for its end."""
        changing.require("tiny==2.0", index=slow_index.url)
        process = changing.start()
        assert slow_index.asked.wait(DEADLINE_S)
        (set_up,) = psutil.Process(process.pid).children()
        set_up.kill()
        following = changing.start()
        assert "just being set up by another start" in following.stderr.readline()
        slow_index.answer.set()
        assert "The last set-up was interrupted" in following.communicate(timeout=DEADLINE_S)[1]
        process.communicate(timeout=DEADLINE_S)
        assert (0, "2.0") == (following.returncode, changing.installed())


class TestCantSetUp:
    """What stands in the way is said in a sentence."""

    @pytest.fixture
    def path_without_python(self, tmp_path):
        """A folder for PATH with what the launcher itself needs, and no Python."""
        folder = tmp_path / "bin"
        folder.mkdir()
        for name in ("cat", "dirname", "readlink"):
            (folder / name).symlink_to(shutil.which(name))
        return folder

    def test_old_python(self, checkout, path_without_python):
        """A machine with an old Python alone is told so, by its version."""
        python = path_without_python / "python3"
        python.write_text(
            '#!/bin/sh\nif [ "$1" = --version ]; then echo Python 3.8.18; else exit 9; fi\n', encoding="utf-8"
        )
        python.chmod(0o755)
        status, output, errors = checkout.run(
            environment={"PATH": str(path_without_python), "HLS_CONVERTER_PYTHON": ""}
        )
        assert (1, "") == (status, output)
        assert "HLS Converter needs Python 3.10 or newer, but found only Python 3.8.18." == errors.splitlines()[0]

    def test_no_python(self, checkout, path_without_python):
        """A machine without Python is told where to get it."""
        status, _, errors = checkout.run(environment={"PATH": str(path_without_python), "HLS_CONVERTER_PYTHON": ""})
        assert 1 == status
        assert "HLS Converter needs Python 3.10 or newer, but found none." == errors.splitlines()[0]
        assert "https://www.python.org/downloads/" in errors.splitlines()[1]

    def test_newer_python_is_found(self, checkout, path_without_python):
        """An old python3 does not hide a newer python3.12 beside it."""
        old, new = path_without_python / "python3", path_without_python / "python3.12"
        old.write_text("#!/bin/sh\nexit 9\n", encoding="utf-8")
        new.write_text(
            '#!/bin/sh\necho "python3.12 $*" >&2\ncase $1 in -c) exit 0;; *) exit 5;; esac\n', encoding="utf-8"
        )
        old.chmod(0o755)
        new.chmod(0o755)
        status, _, errors = checkout.run(environment={"PATH": str(path_without_python), "HLS_CONVERTER_PYTHON": ""})
        assert (5, f"python3.12 {checkout.folder}/packaging/bootstrap.py\n") == (status, errors)

    def test_bootstrap_on_an_old_python(self, checkout):
        """The set-up itself, started by hand with an old Python, says so without a traceback."""
        pretend = "import sys, runpy; sys.version_info = (3, 8, 18); runpy.run_path(sys.argv[1], run_name='__main__')"
        command = [sys.executable, "-c", pretend, checkout.folder / "packaging/bootstrap.py"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (1, 1) == (done.returncode, len(done.stderr.splitlines()))
        assert "needs Python 3.10 or newer, but this is Python 3.8." in done.stderr

    def test_folder_that_cant_be_written(self, checkout):
        """Where nothing can be written, a sentence names the folder."""
        (checkout.folder / ".venv.lock").mkdir()
        status, output, errors = checkout.run()
        assert (1, "", 1) == (status, output, len(errors.splitlines()))
        assert errors.startswith(f"HLS Converter can't set itself up in {checkout.folder} (")


class TestRunTests:
    """./run-tests in the same checkout, with stand-ins for its tools."""

    @pytest.fixture
    def run_tests(self, made):
        """Return a function that runs ./run-tests."""
        (made.folder / "requirements-dev.txt").write_text("-r requirements.txt\ntools\n", encoding="utf-8")

        def run(*arguments, environment=None, **settings):
            # pip finds no package, so nothing is downloaded
            environment = {"PIP_NO_INDEX": "1", **(environment or {})}
            return made.run(*arguments, launcher=made.folder / "run-tests", environment=environment, **settings)

        return run

    def test_all_checks(self, run_tests):
        """Without arguments every check runs, under its name."""
        status, output, _ = run_tests()
        lines = [
            "=== ruff check",
            "ruff check .",
            "=== ruff format",
            "ruff format --check .",
            "=== mypy",
            "mypy",
            "=== pytest",
        ]
        shared = f"pytest -n {PROCESSES} --dist loadfile --no-loadscope-reorder"
        assert (0, [*lines, shared, "=== all passed"]) == (status, [line for line in output.splitlines() if line])

    def test_arguments_are_pytests(self, run_tests):
        """With arguments pytest runs alone and gets them."""
        status, output, _ = run_tests("tests/ui", "-k", "a or b")
        assert (0, ["=== pytest", "pytest tests/ui -k a or b"]) == (status, output.split("\n")[1:-1])

    def test_quick(self, run_tests):
        """With --quick every check runs, pytest with the quick tests alone, and what is left out is said."""
        status, output, errors = run_tests("--quick", environment={"DISPLAY": ":0"})
        *checks, last = [line for line in output.splitlines() if line and not line.startswith("===")]
        assert (0, ["ruff check .", "ruff format --check .", "mypy"]) == (status, checks)
        assert f"pytest -n {PROCESSES} --dist loadfile --no-loadscope-reorder {QUICK}" == last
        left_out = (
            "Left out: tests in Chromium, on a real S3 server, with PostgreSQL, with a real Whisper model "
            "and that take long. ./run-tests without --quick runs them all."
        )
        assert left_out == errors.splitlines()[-1]

    def test_quick_tests_of_a_folder(self, run_tests):
        """With --quick and other arguments pytest runs alone on the quick tests among them."""
        status, output, _ = run_tests("tests/media", "--quick", environment={"DISPLAY": ":0"})
        assert (0, ["=== pytest", f"pytest {QUICK} tests/media"]) == (status, output.split("\n")[1:-1])

    @pytest.mark.parametrize("failing", ["ruff", "mypy", "pytest"])
    def test_one_fails(self, run_tests, failing):
        """One failed check makes the whole run fail, and the others run nevertheless."""
        status, output, _ = run_tests(environment={"FAILING": failing})
        assert (1, True) == (status, "\npytest -n" in output)
        assert output.splitlines()[-1].startswith(f"=== failed: {failing}")

    def test_the_program_needs_no_second_set_up(self, run_tests, made):
        """What the tests need is there beside the program's packages, and both launchers know it."""
        run_tests()
        for name in ("tiny.en/model.bin", "tiny.en/config.json", "tiny.en/tokenizer.json", "tiny.en/vocabulary.txt"):
            path = made.folder / ".venv/speech-data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        (made.folder / ".venv/speech-data/librivox").mkdir()
        (made.folder / ".venv/speech-data/librivox/transcription").touch()
        assert ("", "") == (made.run()[2], run_tests(environment={"HLS_CONVERTER_PYTHON": NOT_A_PYTHON})[2])


class TestFiles:
    """The launchers as files."""

    @pytest.mark.parametrize("name", LAUNCHERS)
    def test_can_be_started(self, name):
        """A launcher may be executed and its lines end as a Unix shell needs them."""
        assert os.access(ROOT / name, os.X_OK)
        assert b"\r" not in (ROOT / name).read_bytes()

    def test_windows_launcher(self):
        """The Windows launcher has Windows' line endings, jumps to labels that exist, and uses the same set-up."""
        data = (ROOT / "hls-converter.bat").read_bytes()
        assert data.count(b"\n") == data.count(b"\r\n")
        lines = data.decode("ascii").split("\r\n")
        words = [line.split() for line in lines if not line.startswith("rem")]
        jumps = {line[number + 1] for line in words for number, word in enumerate(line) if word == "goto"}
        assert {line[1:] for line in lines if line.startswith(":")} == jumps
        assert 2 == sum(r'"%ROOT%packaging\bootstrap.py"' in line for line in lines)

    @pytest.mark.parametrize(
        ("path", "ignored"),
        [
            *(
                (path, True)
                for path in (".env", ".env.local", ".env.production.local", "s3_config.json", "s3_config.json.tmp")
            ),
            *(
                (path, True)
                for path in (
                    "out/a/.upload_state.json",
                    "out/a/.upload_journal.jsonl",
                    "out/a/upload_log_20250101_1200.txt",
                )
            ),
            *(
                (path, True)
                for path in ("out/.a.partial/x.ts", ".venv/bin/python", ".venv.old/x", ".venv.lock", "storage-data/x")
            ),
            *(
                (path, False)
                for path in (".env.example", "s3_config.json.example", "config.py", "requirements.txt", ".ci/run")
            ),
        ],
    )
    def test_git_keeps_secrets_out(self, repository, path, ignored):
        """Secrets, personal settings, state and what is made here stay out of git; the examples don't."""
        command = ["git", "-C", repository, "check-ignore", "--quiet", path]
        assert (0 if ignored else 1) == subprocess.run(command, check=False).returncode
