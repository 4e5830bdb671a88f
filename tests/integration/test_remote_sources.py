"""`convert` of videos that are no files of this machine, by web servers, S3 and the folders of a machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from program import command, make_clip, start
from source_server import Fault, Video, running_source_server

FAST = ("--preset", "ultrafast", "--no-mp4", "--qualities", "360p")
LOOK_S = 0.02
QUERY = "X-Amz-Signature=do-not-tell&X-Amz-Date=20261128"


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> bytes:
    """A clip of some megabytes with its index at its end."""
    folder = tmp_path_factory.mktemp("clip")
    plain = make_clip(folder / "plain.mp4", seconds=4)
    data = plain.read_bytes()
    at = data.index(b"mdat") - 4
    index = data.index(b"moov") - 4
    assert at < index
    return data


@pytest.fixture
def server(clip):
    """A web server that has it."""
    with running_source_server() as running:
        running.videos["/week 1/Größe 1.mp4"] = Video(clip)
        yield running


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    """Folders of its own for the program."""
    return {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "XDG_DATA_HOME": str(tmp_path / "data")}


def run(environment: dict[str, str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(command(*arguments), env=environment, capture_output=True, text=True, timeout=300)


def texts_below(folder: Path) -> str:
    """Return all that was written down as text."""
    return "\n".join(
        path.read_text(encoding="utf-8", errors="replace")
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in (".json", ".txt", ".m3u8", ".vtt", "", ".log", ".sqlite3")
    )


def cached(tmp_path: Path) -> list[Path]:
    """Return the fetched videos."""
    return [path for path in (tmp_path / "cache").rglob("*.mp4") if "sources" in path.parts]


def test_a_signed_address_is_converted_and_told_nowhere(server, environment, tmp_path, clip):
    """The folder is that of its name, its origin the address without the query, and nothing is left in the cache."""
    address = f"{server.url}/week%201/Gr%C3%B6%C3%9Fe%201.mp4"
    done = run(environment, "convert", f"{address}?{QUERY}", "-o", tmp_path / "out", *FAST, "--json")
    assert (0, "") == (done.returncode, done.stderr)
    ended = json.loads(done.stdout.splitlines()[-1])
    assert ("done", address, "grosse-1") == (ended["outcome"], ended["source"], ended["job"])
    assert "fetch" == ended["phases"][0]["phase"]
    stored = json.loads((tmp_path / "out" / "grosse-1" / "job.json").read_text())
    assert address == stored["source_path"]
    assert "do-not-tell" not in done.stdout + texts_below(tmp_path)
    assert [] == cached(tmp_path)
    local = tmp_path / "Größe 1.mp4"
    local.write_bytes(clip)
    again = run(environment, "convert", local, "-o", tmp_path / "out", *FAST, "--json")
    assert "reused" == json.loads(again.stdout.splitlines()[-1])["phases"][0]["outcome"]


def test_a_rerun_with_nothing_to_do_fetches_no_more_than_a_look(server, environment, tmp_path):
    """Also when the address was signed anew."""
    address = f"{server.url}/week%201/Gr%C3%B6%C3%9Fe%201.mp4"
    assert 0 == run(environment, "convert", f"{address}?{QUERY}", "-o", tmp_path / "out", *FAST).returncode
    server.asked.clear()
    again = run(environment, "convert", f"{address}?{QUERY}0", "-o", tmp_path / "out", *FAST, "--json")
    ended = json.loads(again.stdout.splitlines()[-1])
    assert ["reused", "reused"] == [phase["outcome"] for phase in ended["phases"]]
    assert 0 == again.returncode


def test_a_dry_run_fetches_nothing_but_a_look(environment, tmp_path):
    """It says what would be done of a video of which one part in ten is read."""
    plain = make_clip(tmp_path / "plain.mp4", seconds=2)
    padded = plain.read_bytes() + (20_000_000).to_bytes(4, "big") + b"free" + bytes(19_999_992)
    with running_source_server() as server:
        server.videos["/a.mp4"] = Video(padded)
        done = run(environment, "convert", f"{server.url}/a.mp4?{QUERY}", "-o", tmp_path / "out", *FAST, "--dry-run")
        sent = server.sent_bytes()
    assert (0, True) == (done.returncode, f"{server.url}/a.mp4 (0:00:02)" in done.stdout)
    assert sent < 4_000_000
    assert "do-not-tell" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("path", "fault", "sentence"),
    [
        ("/none.mp4", None, "There is no file at {url}/none.mp4 (status 404): check the address."),
        ("/a.mp4", Fault(status=403), "{url} does not let this program read {url}/a.mp4 (status 403): "),
        ("/text.mp4", None, "{url}/text.mp4 is a text, not a video: choose a video file."),
        ("/", None, "names no file: write it like https://example.com/lesson.mp4."),
    ],
    ids=["missing", "forbidden", "no video", "no file"],
)
def test_what_cannot_be_had_is_one_sentence(environment, tmp_path, path, fault, sentence):
    """With the address, without its query, and no traceback; nothing is left behind."""
    with running_source_server() as server:
        server.videos["/text.mp4"] = Video(b"no video\n" * 1000)
        server.faults += [] if fault is None else [fault]
        done = run(environment, "convert", f"{server.url}{path}?{QUERY}", "-o", tmp_path / "out", *FAST)
    last = done.stderr.splitlines()[-1]
    assert (True, False) == (sentence.format(url=server.url) in last, "do-not-tell" in done.stderr + done.stdout)
    assert ("Traceback" in done.stderr, (tmp_path / "out").exists()) == (False, False)
    assert done.returncode in (1, 2)


def test_a_killed_run_goes_on_where_it_was(environment, tmp_path):
    """The next one asks for the rest alone."""
    plain = make_clip(tmp_path / "plain.mp4", seconds=2)
    padded = plain.read_bytes() + (30_000_000).to_bytes(4, "big") + b"free" + bytes(29_999_992)
    with running_source_server() as server:
        server.videos["/a.mp4"] = Video(padded)
        arguments = ("-o", tmp_path / "out", *FAST, "--json")
        first = start(command("convert", f"{server.url}/a.mp4", *arguments), environment)
        noted = tmp_path / "cache" / "hls-converter" / "sources"
        deadline = time.monotonic() + 60
        while not list(noted.glob("*/fetch.json")) and time.monotonic() < deadline and first.poll() is None:
            time.sleep(LOOK_S)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        # signed anew: what the first one has asked for may still be on its way to the server
        done = run(environment, "convert", f"{server.url}/a.mp4?{QUERY}", *arguments)
    assert (0, "done") == (done.returncode, json.loads(done.stdout.splitlines()[-1])["outcome"])
    assert 0 < server.sent_bytes(QUERY) < len(padded) + 2 * (1 << 20)


def test_a_root_is_what_this_machine_says(environment, tmp_path, clip):
    """Its folder is walked as any other, and the origin is the address that every machine understands."""
    (tmp_path / "lectures" / "week1").mkdir(parents=True)
    (tmp_path / "lectures" / "week1" / "a.mp4").write_bytes(clip)
    environment["SOURCE_ROOTS"] = f"lectures={tmp_path / 'lectures'}"
    done = run(environment, "convert", "root:lectures/", "-o", tmp_path / "out", *FAST, "--json")
    assert (0, "") == (done.returncode, done.stderr)
    stored = json.loads((tmp_path / "out" / "week1" / "a" / "job.json").read_text())
    assert "root:lectures/week1/a.mp4" == stored["source_path"]
    other = run(environment, "convert", "root:archive/a.mp4", "-o", tmp_path / "out", *FAST)
    assert "which this machine has no folder for (SOURCE_ROOTS names lectures)" in other.stderr


def test_a_list_may_name_addresses(server, environment, tmp_path):
    """Beside paths, each with what its row says."""
    address = f"{server.url}/week%201/Gr%C3%B6%C3%9Fe%201.mp4"
    (tmp_path / "list.csv").write_text(f"source,title\n{address}?{QUERY},Sizes\n", encoding="utf-8")
    done = run(environment, "convert", "--list", tmp_path / "list.csv", "-o", tmp_path / "out", *FAST, "--json")
    assert (0, "") == (done.returncode, done.stderr)
    assert address == json.loads(done.stdout.splitlines()[-1])["source"]


class TestBucket:
    """Videos of a bucket, by the AWS_ settings."""

    @pytest.fixture
    def bucket(self, s3_settings, environment, clip):
        """A client, and the environment that names the server."""
        import boto3

        keys = {"id": s3_settings.access_key_id, "secret": s3_settings.secret_access_key}
        environment |= {"AWS_ENDPOINT_URL_S3": s3_settings.endpoint_url, "AWS_REGION": s3_settings.region}
        environment |= {"AWS_ACCESS_KEY_ID": keys["id"], "AWS_SECRET_ACCESS_KEY": keys["secret"]}
        client = boto3.client(
            "s3",
            endpoint_url=s3_settings.endpoint_url,
            region_name=s3_settings.region,
            aws_access_key_id=keys["id"],
            aws_secret_access_key=keys["secret"],
        )
        for key in ("week 1/ü & + %.mp4", "week 2/b.mov", "week 2/notes.txt", "made/master.m3u8", "made/720p/x.ts"):
            client.put_object(Bucket=s3_settings.bucket, Key=f"{s3_settings.prefix}/{key}", Body=clip)
        yield client
        client.close()

    def test_a_folder_means_every_video_below_it(self, bucket, s3_settings, environment, tmp_path):
        """As on a disk: with their folders, without streams, chosen by patterns."""
        address = f"s3://{s3_settings.bucket}/{s3_settings.prefix}/"
        done = run(environment, "convert", address, "-o", tmp_path / "out", *FAST, "--json", "--jobs", "1")
        ended = [json.loads(line) for line in done.stdout.splitlines() if '"job_finished"' in line]
        assert (0, "") == (done.returncode, done.stderr)
        assert {
            "week-1/u": f"{address}week 1/ü & + %.mp4",
            "week-2/b": f"{address}week 2/b.mov",
        } == {one["job"]: one["source"] for one in ended}
        one = run(
            environment, "convert", address, "-o", tmp_path / "out", "--include", "week 2/**", "--dry-run", "--json"
        )
        assert ["week-2/b"] == [json.loads(line)["job"] for line in one.stdout.splitlines() if "job_planned" in line]

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ({"key": "none.mp4"}, "none.mp4"),
            ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
            ({"bucket": "no-such-bucket"}, "no-such-bucket"),
        ],
        ids=["missing", "wrong keys", "no bucket"],
    )
    def test_what_cannot_be_had_is_one_sentence(self, bucket, s3_settings, environment, tmp_path, change, sentence):
        """In the words that datasets have for it."""
        environment |= {name: value for name, value in change.items() if name.startswith("AWS")}
        key = change.get("key", "week 2/b.mov")
        address = f"s3://{change.get('bucket', s3_settings.bucket)}/{s3_settings.prefix}/{key}"
        done = run(environment, "convert", address, "-o", tmp_path / "out", *FAST)
        assert (1, True, False) == (done.returncode, sentence in done.stderr, "Traceback" in done.stderr)
