"""`validate` on the command line: a line a finding, a count, and the exit status."""

from __future__ import annotations

import json

import pytest
from json_events import events, fields

from cli.main import EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE, run_command
from config import Config

MASTER = "#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\n"
GONE = '#EXT-X-STREAM-INF:BANDWIDTH=1,AVERAGE-BANDWIDTH=1,CODECS="mp4a.40.2"\ngone.m3u8\n'
ELSEWHERE = GONE.replace("gone", "https://cdn.example/video")


@pytest.fixture
def stream(tmp_path):
    """A function that writes a master playlist and returns its folder."""

    def write(text: str):
        (tmp_path / "master.m3u8").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_a_stream_without_problems_ends_with_nothing(stream, capsys):
    """Exit 0; what could not be looked at is said all the same."""
    status = run_command(["validate", str(stream(MASTER + ELSEWHERE))], Config())
    assert (EXIT_DONE, "") == (status, capsys.readouterr().err)


def test_the_last_line_counts_what_was_looked_at(stream, capsys):
    """So that an editor sees that there was something."""
    run_command(["validate", str(stream(MASTER + ELSEWHERE))], Config())
    *_, last = capsys.readouterr().out.splitlines()
    assert "No problem found in 1 playlist and 0 segments." == last


def test_each_problem_is_a_line_with_its_file_and_rule(stream, capsys):
    """Exit 1, the sentence between file and rule, and the count."""
    status = run_command(["validate", str(stream(MASTER + GONE))], Config())
    first, *_, last = capsys.readouterr().out.splitlines()
    assert (EXIT_FAILED, "gone.m3u8: The file is missing. (RFC 8216 6.2.1)") == (status, first)
    assert "1 problem found in 1 playlist and 0 segments." == last


def test_json_has_an_object_a_line(stream, capsys):
    """Findings, what was not checked, and the count at the end."""
    status = run_command(["validate", str(stream(MASTER + GONE + ELSEWHERE)), "--json"], Config())
    lines = [fields(line) for line in events(capsys.readouterr().out)]
    assert EXIT_FAILED == status
    missing = {
        "rule": "RFC 8216 6.2.1",
        "severity": "breaks playback",
        "file": "gone.m3u8",
        "text": "The file is missing.",
    }
    assert {"event": "finding", **missing} == lines[0]
    assert {"unchecked"} == {event["event"] for event in lines[1:-1]}
    assert {"event": "validation_finished", "findings": 1, "breaking": 1, "playlists": 1, "segments": 0} == lines[-1]


def test_what_plays_all_the_same_is_said_and_fails_nothing(stream, capsys):
    """Exit 0: a stream that is not ideal can be published."""
    folder = stream(MASTER.replace("#EXT-X-INDEPENDENT-SEGMENTS\n", "") + ELSEWHERE)
    status = run_command(["validate", str(folder)], Config())
    first, *_, last = capsys.readouterr().out.splitlines()
    assert (EXIT_DONE, "Not ideal: master.m3u8: EXT-X-INDEPENDENT-SEGMENTS is missing. (Apple 9.11)") == (status, first)
    assert "No problem and 1 thing not ideal found in 1 playlist and 0 segments." == last
    assert EXIT_DONE == run_command(["validate", str(folder), "--json"], Config())
    finding, *_, last = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert ("not ideal", 1, 0) == (finding["severity"], last["findings"], last["breaking"])


def test_what_is_no_stream_is_wrong_usage(tmp_path, capsys):
    """Exit 2 and one sentence, whether folder, file or nothing."""
    (tmp_path / "video.mp4").write_bytes(b"x")
    statuses = [run_command(["validate", str(tmp_path / name)], Config()) for name in ("", "nowhere", "video.mp4")]
    lines = capsys.readouterr().err.splitlines()
    assert ([EXIT_WRONG_USAGE] * 3, 3) == (statuses, len(lines))


def test_a_key_that_can_not_be_read_is_wrong_usage(stream, capsys):
    """A wrong name, and a file that is not a key."""
    folder = stream(MASTER + ELSEWHERE)
    statuses = [
        run_command(["validate", str(folder), "--key", str(folder / key)], Config())
        for key in ("none.key", "master.m3u8")
    ]
    lines = capsys.readouterr().err.splitlines()
    assert ([EXIT_WRONG_USAGE] * 2, True, True) == (
        statuses,
        "can't be read" in lines[0],
        "AES-128 needs 16" in lines[1],
    )
