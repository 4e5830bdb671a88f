"""Text from elsewhere, as it can be shown."""

from __future__ import annotations

import io

import pytest

from cli.render import PlainLines
from pipeline.errors import DestinationTakenError, SettingsError, TransferError
from pipeline.events import LogLine
from pipeline.printable import printable, printable_lines

ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b31m\r\x08\u202efdp.exe\u2066\ud800\x00"


@pytest.mark.parametrize(
    "text",
    ["", "a é 日本", "ライン\u3000名前", "می\u200cخواهم", "👩\u200d🔬", "1\u00a0000 €"],
    ids=ascii,
)
def test_what_people_write_stays(text):
    """Wide spaces and the joiners of some scripts are part of names."""
    assert text == printable(text)


def test_what_a_terminal_obeys_is_escaped():
    """Control characters, and those that turn the order of letters, are seen for what they are."""
    assert printable(ESCAPES).isprintable()
    assert r"\x1b[2J" in printable(ESCAPES)
    assert r"one\ntwo" == printable("one\ntwo")
    assert "one\ntwo\\r" == printable_lines("one\ntwo\r")


def test_errors_and_lines_of_the_log_can_be_shown():
    """They quote servers and names of files, in the window as at a terminal."""
    taken = DestinationTakenError(prefix="a/", title=ESCAPES, same_name=False, last_synced="")
    texts = [
        str(TransferError(ESCAPES)),
        *SettingsError([ESCAPES, "b"]).sentences,
        str(taken),
        taken.title,
        LogLine(job="a", text=ESCAPES).text,
    ]
    assert [True] * 6 == [text.isprintable() for text in texts]


def test_lines_on_a_terminal_can_be_shown():
    """Whatever a job says of itself, such as its name."""
    out = io.StringIO()
    PlainLines(out).start(ESCAPES, ["720p"], ())
    assert out.getvalue().removesuffix("\n").isprintable()
