"""What is saved for whoever looks into a mistake, and what must not be in it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from config import Config
from diagnostics import bundle, crash_log
from diagnostics.secrets import secrets_of
from pipeline.errors import OutputError, PipelineError
from pipeline.job import Job
from pipeline.job_owner import JobOwner
from pipeline.job_store import JobStore, queue_file
from pipeline.model import JobReport, Outcome
from ui import diagnostics

TOKEN, TYPED = "distinctive-token-5f0c1d", "distinctive-typed-9a7e3b"
KEY_ID, KEY, SESSION = "AKIADISTINCTIVE", "distinctive/key+1", "distinctive-session"
HEADER = "x-amz-server-side-encryption-customer-key=distinctive-customer"
PASSWORD, SIGNATURE = "distinctive-password", "distinctive-signature"
USER = "anna-mustermann"
SECRETS = (TOKEN, TYPED, KEY_ID, KEY, SESSION, "distinctive-customer", PASSWORD, SIGNATURE)
ENVIRONMENT = {
    "AUTH_TOKEN": TOKEN,
    "BACKEND_URL": "http://127.0.0.1:9",  # where nobody listens
    "AWS_ACCESS_KEY_ID": KEY_ID,
    "AWS_SECRET_ACCESS_KEY": KEY,
    "AWS_SESSION_TOKEN": SESSION,
    "STORAGE_S3_SECRET_ACCESS_KEY": KEY,
    "STORAGE_S3_PUT_HEADERS": HEADER,
    "ENGINE_URL": f"postgresql://queue:{PASSWORD}@db.example.com/queue",
    "SOURCE_ROOTS": f"lectures=https://anna:{PASSWORD}@nas.example.com/x?sig={SIGNATURE}",
}
EVERYTHING = f"""\
Bearer {TYPED} and authorization: {TYPED} and "Authorization": "{TYPED}"
Authorization: Bearer {TYPED}
Authorization Bearer {TYPED}
Proxy-Authorization: Basic {TYPED}
authorization: AWS4-HMAC-SHA256 Credential=a/s3, Signature={TYPED}
{{"authorization": "Bearer {TYPED}", "also": "Token {TOKEN}"}} {{\\"Authorization\\": \\"Token {TYPED}\\"}}
{{'Authorization': 'Basic {TYPED}'}} (b'Authorization', b'Basic {TYPED}')
https://s3.example.com/bucket/a.ts?X-Amz-Signature={SIGNATURE}&X-Amz-Expires=900 /a.ts?X-Amz-Signature={SIGNATURE}
postgresql://queue:{PASSWORD}@db.example.com/queue
the key {KEY}, the id {KEY_ID}, {SESSION}, {HEADER}, {TOKEN}
/home/{USER}/Videos/a.mp4 C:\\Users\\{USER}\\Videos\\a.mp4 /Users/{USER}/Movies/a.mp4 C:\\\\Users\\\\{USER}\\\\a.mp4
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder with secrets wherever the program keeps something."""
    home = tmp_path / USER
    for name, folder in {"CONFIG": "config", "DATA": "data", "CACHE": "cache", "STATE": "state"}.items():
        (home / folder / "hls-converter").mkdir(parents=True)
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / folder))
    monkeypatch.setenv("HOME", str(home))
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    for path in ("state/hls-converter/log/hls-converter.log", "config/hls-converter/s3_config.json"):
        (home / path).parent.mkdir(exist_ok=True)
        (home / path).write_text(EVERYTHING + f"{home}/Videos/lesson.mp4\n", encoding="utf-8")
    with JobStore(queue_file(home / "data/hls-converter")) as store:
        job = Job(source=home / "lesson.mp4", output_dir=home / "out", slug="lesson")
        (id,) = store.add([job])
        store.claim([id], JobOwner.current())
        error = f"{EVERYTHING} {home}/lesson.mp4 can't be read."
        report = JobReport(slug="lesson", source=job.source, folder=home, outcome=Outcome.FAILED, error=error)
        store.finish(id, JobOwner.current(), report)
    return home


def leaked(path: Path) -> list[str]:
    """Return the secrets that a zip file holds, and the user's name."""
    with zipfile.ZipFile(path) as archive:
        text = "\n".join(archive.read(name).decode() for name in archive.namelist())
    return [secret for secret in (*SECRETS, USER) if secret in text]


def test_what_is_saved_holds_no_secret(home, tmp_path):
    """Tokens, keys, passwords, queries of addresses and the user's name are in none of its files; all else is."""
    path = tmp_path / "diagnostics.zip"
    bundle.save_diagnostics(
        path,
        findings=f"ffmpeg works\n{EVERYTHING}",
        config=Config.load(),
        preferences=home / "config/hls-converter/s3_config.json",
        logs=home / "state/hls-converter/log",
        home=home,
    )
    assert [] == leaked(path)
    with zipfile.ZipFile(path) as archive:
        read = {name: archive.read(name).decode() for name in archive.namelist()}
    assert {"versions.txt", "doctor.txt", "settings.txt", "window.json", "queue.json", "logs/hls-converter.log"} == set(
        read
    )
    assert "ffmpeg works" in read["doctor.txt"]
    assert "~/Videos/lesson.mp4" in read["logs/hls-converter.log"]
    assert ["failed"] == [job["state"] for job in json.loads(read["queue.json"])]
    assert "platformdirs " in read["versions.txt"]


def test_what_is_about_a_login_stays():
    """The header's value alone is left out, and what follows it in the next line or part is kept."""
    assert '{"authorization": "***", "status": 401}\nnext' == bundle.cleaned(
        '{"authorization": "Bearer abc", "status": 401}\nnext', (), None
    )


def test_the_window_saves_what_the_doctor_says(home, tmp_path, monkeypatch):
    """With the login that was typed, which is in no file; a second time the file stays as it is."""
    path = tmp_path / "näme of it.zip"
    from_form = Config.load()
    monkeypatch.delenv("AUTH_TOKEN")  # it was typed
    saved = diagnostics.save(path, from_form)
    before = path.read_bytes()
    assert (True, []) == (saved.ok, leaked(path))
    with zipfile.ZipFile(path) as archive:
        assert "\nEncoders " in archive.read("doctor.txt").decode()
        assert f"logs/{crash_log.LOG_FILE}" in archive.namelist()
    with pytest.raises(OutputError, match="already exists and stays as it is"):
        diagnostics.save(path, from_form)
    assert before == path.read_bytes()


def test_diagnostics_that_can_not_be_saved(home, tmp_path, monkeypatch):
    """The window says what the command says."""
    monkeypatch.setattr(diagnostics, "command", lambda *arguments: ["false"])
    with pytest.raises(PipelineError, match=r"were not saved: it ended without a reason"):
        diagnostics.save(tmp_path / "a.zip", Config())
    monkeypatch.setattr(diagnostics, "command", lambda *arguments: [str(tmp_path / "gone")])
    with pytest.raises(PipelineError, match="install it again"):
        diagnostics.save(tmp_path / "a.zip", Config())


@pytest.mark.parametrize("name", ["gone/a.zip", "file/a.zip", f"{'a' * 300}.zip"], ids=["gone", "file", "too long"])
def test_a_place_where_nothing_can_be_written(tmp_path, name):
    """The sentence has its name: a folder that is not there, a file in the place of one, a name that is too long."""
    (tmp_path / "file").touch()
    path = tmp_path / name
    with pytest.raises(OutputError, match=r"can't be written to .*\.zip .*choose another folder"):
        bundle.save_diagnostics(path, findings="", config=Config(), preferences=tmp_path, logs=None, home=None)


def test_secrets_of_a_configuration(monkeypatch):
    """Every value that a configuration's repr leaves out, and the passwords of addresses."""
    found = secrets_of(Config.load(environ=ENVIRONMENT))
    assert {TOKEN, KEY_ID, KEY, SESSION, HEADER, ENVIRONMENT["ENGINE_URL"], PASSWORD} == set(found)
