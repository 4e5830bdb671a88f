"""`manifest` on the command line: shown, listed, restored and pruned."""

from __future__ import annotations

import io
import sys

import pytest
from inventory_server import NAMES, NOW, PREFIX, TOKEN, running_inventory, upload, write_job
from json_events import events

from cli.interrupts import EXIT_CANCELLED
from cli.main import EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE, run_command
from cli.printing import size_text, terminal_safe
from config import BackendApi, Config
from pipeline.transfer.manifests.manifest import Manifest
from pipeline.transfer.manifests.manifest_library import library_path, read_manifest
from pipeline.transfer.manifests.manifest_text import manifest_json
from pipeline.transfer.manifests.ownership import SourceContent

LATER = "2026-04-01T12:00:00Z"
OLD = "2026-01-01T00:00:00Z"
SEGMENT = "480p/seg_001.ts"
SENTENCE = f"An upload to {PREFIX} has begun and is not finished."


@pytest.fixture
def server():
    """A server that offers everything."""
    with running_inventory() as running:
        yield running


@pytest.fixture
def data_dir(tmp_path):
    """The user's data folder."""
    return tmp_path / "data"


@pytest.fixture
def config(server, data_dir):
    """The configuration of an editor who uploads to that server."""
    return Config(backend=server.api, data_dir=data_dir)


@pytest.fixture
def folder(tmp_path):
    """A job's folder."""
    return write_job(tmp_path / "lesson one")


@pytest.fixture
def manifest(server, folder, data_dir):
    """Its manifest after two uploads, the second without one of the files."""
    (folder / "gone.vtt").write_bytes(b"WEBVTT")
    first = upload(server, folder, data_dir)
    (folder / "gone.vtt").unlink()
    return upload(server, folder, data_dir, now=LATER, previous=first)


@pytest.fixture
def run(config, capsys):
    """A function that runs `manifest` and returns exit status, standard output and standard error."""

    def start(*arguments, config=config):
        status = run_command(["manifest", *map(str, arguments)], config)
        return status, *capsys.readouterr()

    return start


class Terminal(io.StringIO):
    """A standard input or error with somebody before it."""

    def isatty(self):
        return True


class TestShow:
    """What was uploaded, without network."""

    def test_words_and_a_table(self, run, manifest, folder):
        """Title, place, totals, a row a file with its MD5, and what was before."""
        status, out, err = run("show", folder)
        lines = out.splitlines()
        assert (EXIT_DONE, "", "Title         Lesson", f"Destination   {PREFIX}") == (status, err, lines[0], lines[1])
        rows = {name: next(line for line in lines if line.startswith(name)) for name in NAMES}
        assert dict.fromkeys(NAMES, True) == {
            file.filename: file.md5_hash in rows[file.filename] for file in manifest.files
        }
        assert f"Until {LATER}: 7 files, 5.1 KB, of which 0 were replaced and 1 removed" == lines[-1]

    @pytest.mark.parametrize("named", ["folder", "file", "prefix", "library"])
    def test_nobody_is_asked(self, run, manifest, folder, data_dir, server, named):
        """A folder, its manifest, a destination and the library's file name the same, without a backend too."""
        kept = library_path(data_dir, server.url, PREFIX)
        name = {"folder": folder, "file": folder / "manifest.json", "prefix": PREFIX, "library": kept}[named]
        status, out, _ = run("show", name, config=Config(data_dir=data_dir))
        assert (EXIT_DONE, True, []) == (status, "Lesson" in out, server.asked)

    def test_json_has_an_object_a_line(self, run, manifest, folder):
        """Every file with its fields, and the head with earlier versions at the end."""
        *files, head = events(run("show", folder, "--json")[1])
        assert sorted(NAMES) == [file["filename"] for file in files]
        assert {"event", "filename", "s3_key", "s3_url", "size_bytes", "md5_hash", "etag", "content_type"} <= set(
            files[0]
        )
        assert ("manifest", 6, ["gone.vtt"]) == (
            head["event"],
            head["total_files"],
            [file["filename"] for file in head["versions"][0]["removed"]],
        )

    @pytest.mark.parametrize(
        "content", [None, b"{", b'{"files": 5}', b"\x00" * 100], ids=["missing", "broken", "types", "binary"]
    )
    def test_what_is_no_manifest_is_wrong_usage(self, run, tmp_path, content):
        """One sentence, the file named."""
        if content is not None:
            (tmp_path / "manifest.json").write_bytes(content)
        status, out, err = run("show", tmp_path / "manifest.json")
        assert (EXIT_WRONG_USAGE, "", 1, True) == (status, out, len(err.splitlines()), "manifest.json" in err)

    def test_an_unknown_destination_is_wrong_usage(self, run):
        """It is not asked for at the server either."""
        status, _, err = run("show", "videos/unknown/")
        assert (EXIT_WRONG_USAGE, True) == (status, "No manifest is known for videos/unknown/" in err)


class TestList:
    """The library."""

    def test_a_row_a_destination(self, run, manifest, server):
        """Without asking a server."""
        status, out, _ = run("list")
        head, row = out.splitlines()
        assert (EXIT_DONE, ["Lesson", PREFIX, "6", "5.1", "KB", LATER, server.url]) == (status, row.split())
        assert (["Title", "Destination", "Files", "Size", "Last", "upload", "Backend"], []) == (
            head.split(),
            server.asked,
        )

    def test_json(self, run, manifest):
        """A line a destination, without the files."""
        [event] = events(run("list", "--json")[1])
        assert ("manifest", PREFIX, "videos", 6, False) == (
            event["event"],
            event["prefix"],
            event["bucket"],
            event["total_files"],
            "files" in event,
        )

    def test_nothing_yet(self, run):
        """It is said."""
        assert (EXIT_DONE, "Nothing was uploaded from this computer yet.\n", "") == run("list")

    def test_a_broken_one_does_not_hide_the_others(self, run, manifest, data_dir):
        """It is named, and the exit status tells."""
        (data_dir / "s3_manifests" / "x_s3_manifest.json").write_text("[")
        status, out, err = run("list")
        assert (EXIT_FAILED, 2, 1) == (status, len(out.splitlines()), len(err.splitlines()))


class TestRestore:
    """Bringing files back."""

    def test_the_whole_folder(self, run, manifest, folder, tmp_path):
        """With a manifest that says where the files are now."""
        out = tmp_path / "out"
        status, said, _ = run("restore", folder, "-o", out)
        assert (EXIT_DONE, f"6 files restored to {out}, 0 already there, 0 failed.") == (status, said.splitlines()[-1])
        assert {name: (folder / name).read_bytes() for name in NAMES} == {
            name: (out / name).read_bytes() for name in NAMES
        }
        assert str(out / "master.m3u8") in [file.local_path for file in read_manifest(out / "manifest.json").files]

    def test_single_files_after_the_options(self, run, manifest, tmp_path):
        """By destination; no manifest is written beside a part of the files."""
        out = tmp_path / "out"
        *files, last = events(run("restore", "--json", PREFIX, "-o", out, SEGMENT, "master.m3u8")[1])
        assert {SEGMENT: "restored", "master.m3u8": "restored"} == {file["filename"]: file["outcome"] for file in files}
        assert ({"master.m3u8", "480p"}, 2) == ({path.name for path in out.iterdir()}, last["restored"])

    def test_on_another_computer_the_servers_manifest_counts(self, run, server, manifest, tmp_path):
        """Nothing but the destination is known there."""
        status, _, _ = run(
            "restore", PREFIX, "-o", tmp_path / "out", config=Config(backend=server.api, data_dir=tmp_path / "new")
        )
        assert (EXIT_DONE, server.url) == (status, read_manifest(tmp_path / "out" / "manifest.json").backend_url)

    def test_without_a_backend_the_public_addresses_do(self, run, manifest, folder, tmp_path):
        """An editor may have lost the token."""
        status, _, err = run("restore", folder, "-o", tmp_path / "out", config=Config())
        assert (EXIT_DONE, "") == (status, err)

    def test_what_fails_is_said(self, run, server, manifest, folder, tmp_path):
        """A sentence a file, exit 1, and no manifest that names what is not there."""
        del server.objects[PREFIX + SEGMENT]
        status, said, err = run("restore", folder, "-o", tmp_path / "out")
        assert (EXIT_FAILED, True, "1 failed." in said) == (status, "is not on the server any more" in err, True)
        assert False is (tmp_path / "out" / "manifest.json").exists()

    def test_a_name_that_leads_elsewhere_is_left_out(self, run, manifest, folder, tmp_path):
        """All other files are restored."""
        text = (folder / "manifest.json").read_text()
        (folder / "manifest.json").write_text(
            text.replace('"filename": "master.m3u8"', '"filename": "../../master.m3u8"')
        )
        status, _, err = run("restore", folder, "-o", tmp_path / "a" / "b")
        assert (EXIT_FAILED, True) == (status, "../../master.m3u8: The manifest names" in err)
        assert (True, False) == ((tmp_path / "a/b/480p/index.m3u8").is_file(), (tmp_path / "master.m3u8").exists())

    def test_another_backends_manifest_is_wrong_usage(self, run, manifest, folder, tmp_path):
        """Its keys mean nothing there."""
        status, _, err = run(
            "restore",
            folder,
            "-o",
            tmp_path,
            config=Config(backend=BackendApi(url="https://other.example", token=TOKEN)),
        )
        assert (EXIT_WRONG_USAGE, True) == (status, "BACKEND_URL is https://other.example" in err)


class TestPrune:
    """Clearing up."""

    @pytest.fixture(autouse=True)
    def left(self, server, manifest):
        """What is left over: the removed file, which is on the server since the first upload, and an older stream."""
        server.put(PREFIX + "v1/480p/a +&#%é.ts", b"x" * 2000, last_modified=OLD)

    def test_a_dry_run_comes_first(self, run, server, folder):
        """Everything is listed, nothing deleted, and how to is said."""
        before = dict(server.objects)
        status, out, err = run("prune", folder)
        rows = [" ".join(line.split()) for line in out.splitlines()]
        assert (EXIT_DONE, "", before, []) == (status, err, server.objects, server.requests("DELETE", "/api/s3/object"))
        assert [
            "Left over on the server Size",
            f"{PREFIX}gone.vtt 6 bytes",
            f"{PREFIX}v1/480p/a +&#%é.ts 2.0 KB",
            f"2 files at {PREFIX} are left over (2.0 KB).",
            "Nothing was deleted. Add --yes to delete them.",
        ] == rows

    def test_yes_deletes(self, run, server, manifest):
        """What was listed, and no more; another time there is nothing."""
        status, out, _ = run("prune", PREFIX, "--yes")
        assert (EXIT_DONE, "2 files deleted.") == (status, out.splitlines()[-1])
        assert {PREFIX + name for name in (*NAMES, "manifest.json")} == set(server.objects)
        assert (EXIT_DONE, f"Nothing is left over at {PREFIX}.\n", "") == run("prune", PREFIX, "--yes")

    @pytest.mark.parametrize(("answer", "rest"), [("y\n", 0), ("\n", 2), ("no\n", 2)], ids=["yes", "enter", "no"])
    def test_at_a_terminal_it_asks(self, run, server, monkeypatch, answer, rest):
        """Only a yes deletes."""
        monkeypatch.setattr(sys, "stdin", Terminal(answer))
        monkeypatch.setattr(sys, "stderr", Terminal())
        assert EXIT_DONE == run("prune", PREFIX)[0]
        assert ("Delete 2 files from the server for good? [y/N] ", rest) == (
            sys.stderr.getvalue(),
            len(server.objects) - len(NAMES) - 1,
        )

    def test_no_answer_is_a_cancel(self, run, server, monkeypatch):
        """As with Ctrl-D."""
        monkeypatch.setattr(sys, "stdin", Terminal(""))
        monkeypatch.setattr(sys, "stderr", Terminal())
        assert (EXIT_CANCELLED, []) == (run("prune", PREFIX)[0], server.requests("DELETE", "/api/s3/object"))

    def test_json(self, run, server):
        """A line a leftover and the count; without --yes nobody is asked."""
        *found, last = events(run("prune", PREFIX, "--json")[1])
        assert ([6, 2000], 2, 0) == ([one["size_bytes"] for one in found], last["found"], last["deleted"])
        assert 2 == events(run("prune", PREFIX, "--json", "--yes")[1])[-1]["deleted"]

    def test_a_server_without_deleting_or_listing_is_said(self, run, server):
        """Wrong usage, before and after the list."""
        server.offers["delete"] = False
        no_delete = run("prune", PREFIX, "--yes")
        server.offers["list"] = False
        no_list = run("prune", PREFIX)
        assert (EXIT_WRONG_USAGE, EXIT_WRONG_USAGE) == (no_delete[0], no_list[0])
        assert (True, True) == ("does not delete" in no_delete[2], "does not list" in no_list[2])

    def test_an_unknown_destination_is_left_alone(self, run, server):
        """Without a manifest everything would be left over."""
        server.put("videos/unknown/a.ts", b"x", last_modified=OLD)
        status, _, err = run("prune", "videos/unknown/", "--yes")
        assert (EXIT_WRONG_USAGE, True, True) == (
            status,
            "the server has none" in err,
            "videos/unknown/a.ts" in server.objects,
        )

    def test_without_a_backend_nothing_can_be_pruned(self, run, folder):
        """Every problem is named."""
        status, _, err = run("prune", folder, config=Config())
        assert (EXIT_WRONG_USAGE, 2) == (status, len(err.splitlines()))

    def test_a_deletion_that_fails_is_said(self, run, server):
        """Exit 1, and the others are gone."""
        server.answers["/api/s3/object"].append((403, b"{}"))
        status, out, err = run("prune", PREFIX, "--yes")
        assert (EXIT_FAILED, 1, "1 file deleted.") == (status, len(err.splitlines()), out.splitlines()[-1])


class TestOrphans:
    """Streams whose videos are gone."""

    @pytest.fixture
    def video(self, tmp_path, server, folder, data_dir):
        """The video of a stream that was uploaded, in a folder with another one."""
        (tmp_path / "inbox").mkdir()
        (tmp_path / "inbox" / "other.mp4").touch()
        video = tmp_path / "inbox" / "lesson.mp4"
        video.touch()
        upload(server, folder, data_dir, source=SourceContent(size_bytes=0, sha256_head_tail="a" * 64, path=str(video)))
        server.put(f"{PREFIX}part2/master.m3u8", b"#EXTM3U")
        server.put("videos/other.ts", b"x")
        return video

    def test_a_video_that_is_there(self, run, server, video):
        """Nothing is listed, nothing is deleted, whatever is told."""
        stored = dict(server.objects)
        sentence = "Every stream's video is where it was, as far as that is known.\n"
        assert [(EXIT_DONE, sentence, "")] * 2 == [run("list", "--orphans"), run("prune", "--orphans", "--yes")]
        status, _, err = run("prune", PREFIX, "--orphans", "--yes")
        assert (EXIT_WRONG_USAGE, True, stored) == (status, "is not known to be gone" in err, server.objects)

    def test_a_deleted_video_is_listed_and_its_stream_deleted_when_told(self, run, server, video, data_dir):
        """First its master, last the manifest; a stream below it stays, and the library forgets it."""
        video.unlink()
        status, out, _ = run("list", "--orphans")
        assert (EXIT_DONE, True) == (status, out.splitlines()[1].endswith(f"{video} is not there any more."))
        (event,) = events(run("list", "--orphans", "--json")[1])
        assert ("orphan", PREFIX, True) == (event["event"], event["prefix"], event["certain"])
        count = len(NAMES) + 1
        assert "Nothing was deleted. Add --yes to delete them." == run("prune", "--orphans")[1].splitlines()[-1]
        status, out, _ = run("prune", PREFIX, "--orphans", "--yes")
        assert (EXIT_DONE, f"{count} files deleted.") == (status, out.splitlines()[-1])
        assert f"{PREFIX}part2/ is a destination of its own: it stays." in out
        assert {f"{PREFIX}part2/master.m3u8", "videos/other.ts"} == set(server.objects)
        deleted = [asked.query["key"] for asked in server.requests("DELETE", "/api/s3/object")]
        assert (PREFIX + "master.m3u8", PREFIX + "manifest.json") == (deleted[0], deleted[-1])
        assert "Nothing was uploaded from this computer yet.\n" == run("list")[1]

    def test_what_can_not_be_deleted_is_known_afterwards(self, run, server, video):
        """The manifest stays with the rest, so that the next run goes on."""
        video.unlink()
        server.answers["/api/s3/object"].extend([(204, b""), (403, b"{}")])
        status, _, err = run("prune", "--orphans", "--yes")
        assert (EXIT_FAILED, 1, True) == (status, len(err.splitlines()), PREFIX + "manifest.json" in server.objects)
        assert EXIT_DONE == run("prune", "--orphans", "--yes")[0]
        assert PREFIX + "manifest.json" not in server.objects

    @pytest.mark.parametrize(
        ("content", "synced", "sentence"),
        [
            pytest.param("b", LATER, "belongs to another video by now, “Lesson”", id="another video"),
            pytest.param(
                "a", LATER, "was uploaded since by another computer", id="the same video from another computer"
            ),
        ],
    )
    def test_what_another_computer_uploaded_there_stays(self, run, server, video, folder, content, synced, sentence):
        """Its manifest on the server says so."""
        video.unlink()
        upload(server, folder, None, now=synced, source=SourceContent(size_bytes=0, sha256_head_tail=content * 64))
        (folder / "manifest.json").unlink()
        stored = dict(server.objects)
        status, out, _ = run("prune", "--orphans", "--yes")
        assert (EXIT_DONE, True, stored) == (status, f"{PREFIX} {sentence}: it stays." in out, server.objects)

    def test_a_missing_drive_costs_nothing(self, run, server, video):
        """Its whole folder is gone: that is said, and its stream stays."""
        for path in video.parent.iterdir():
            path.unlink()
        stored = dict(server.objects)
        status, out, _ = run("prune", "--orphans", "--yes")
        said = (
            f"{video} is not there, and nothing else is in its folder: "
            f"perhaps a drive is not connected. {PREFIX} stays.\n"
        )
        assert (EXIT_DONE, said, stored) == (status, out, server.objects)

    def test_a_destination_must_be_named_without_the_option(self, run):
        """One sentence."""
        status, _, err = run("prune")
        assert (EXIT_WRONG_USAGE, True) == (status, "Name a destination" in err)


class TestBegun:
    """An upload that has begun and is not finished has a manifest without files."""

    @pytest.fixture
    def begun(self, server, tmp_path):
        """The destination of such an upload, with what it has sent, and a file of its manifest."""
        owner = {"title": "Lesson", "source": SourceContent(size_bytes=1, sha256_head_tail="a" * 64), "bucket": None}
        claim = Manifest(**owner, backend_url=server.url, prefix=PREFIX, created_at=NOW, last_synced=NOW, files=())
        server.put(PREFIX + "manifest.json", manifest_json(claim, for_server=True))
        server.put(PREFIX + SEGMENT, b"sent", last_modified=OLD)
        path = tmp_path / "claim.json"
        path.write_bytes(manifest_json(claim, for_server=False))
        return path

    def test_show(self, run, begun):
        """Whose it is, and that it is not there yet."""
        status, out, _ = run("show", begun)
        assert (EXIT_DONE, True, SENTENCE) == (status, "Lesson" in out, out.splitlines()[-1])

    @pytest.mark.parametrize("command", ["restore", "verify"])
    def test_there_is_nothing_to_bring_back_or_to_compare(self, run, config, begun, tmp_path, capsys, command):
        """Nothing is written either: a manifest in the folder would say that it was uploaded from there."""
        back = tmp_path / "back"
        if command == "restore":
            status, out, error = run("restore", PREFIX, "-o", back)
        else:
            status, (out, error) = run_command(["verify", PREFIX], config), capsys.readouterr()
        assert (EXIT_WRONG_USAGE, "", True, False) == (status, out, SENTENCE in error, back.exists())

    @pytest.mark.parametrize("known", ["there alone", "here too"])
    def test_nothing_is_cleared_up(self, run, server, begun, data_dir, folder, known):
        """What the upload has sent is not a leftover, and its time tells nothing."""
        if known == "here too":
            upload(server, folder, data_dir)
            server.put(PREFIX + "manifest.json", begun.read_bytes())
        before = dict(server.objects)
        status, out, _ = run("prune", PREFIX, "--yes")
        assert (EXIT_DONE, True, before) == (status, SENTENCE in out, server.objects)

    def test_an_orphan_there_stays(self, run, server, begun, data_dir, folder):
        """Somebody is bringing something there."""
        source = SourceContent(size_bytes=1, sha256_head_tail="b" * 64, path=str(folder.parent / "gone.mp4"))
        upload(server, folder, data_dir, source=source)
        server.put(PREFIX + "manifest.json", begun.read_bytes())
        status, out, _ = run("prune", "--orphans", "--yes")
        assert (EXIT_DONE, True, []) == (status, SENTENCE in out, server.requests("DELETE", "/api/s3/object"))

    def test_verify_of_what_was_there(self, server, config, begun, data_dir, folder, capsys):
        """The stream that this computer uploaded is compared, and the sentence is a difference."""
        upload(server, folder, data_dir)
        server.put(PREFIX + "manifest.json", begun.read_bytes())
        assert EXIT_FAILED == run_command(["verify", str(folder)], config)
        assert f"manifest.json (server): {SENTENCE}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("size_bytes", "expected"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1536, "1.5 KB"),
        (5 << 20, "5.0 MB"),
        (3 << 30, "3.0 GB"),
        (1 << 50, "1024.0 TB"),
    ],
)
def test_sizes_are_read_by_people(size_bytes, expected):
    """In the largest unit that it fills."""
    assert expected == size_text(size_bytes)


def test_a_name_can_not_steer_the_terminal():
    """What a manifest holds may come from anywhere."""
    assert "\\x1b[2Ja é 日\\n" == terminal_safe("\x1b[2Ja é 日\n")
