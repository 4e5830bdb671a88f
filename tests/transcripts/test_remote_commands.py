"""`transcripts` and the README's example with a dataset on a real S3 server."""

from pathlib import Path

import pytest
from datasets import TRANSCRIPTS_KIND as KIND
from finished_jobs import finished_job, heard
from remote_datasets import Editor, changed, store, stored

from cli.main import EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE, run_command
from transcripts.dataset import open_dataset

README = Path(__file__).resolve().parents[2] / "README.md"
SCRIPT = next(
    block.split("```")[0]
    for block in README.read_text(encoding="utf-8").split("```python\n")
    if "open_dataset" in block
)


@pytest.fixture
def mine(s3_settings, tmp_path):
    """Somebody at a computer."""
    return Editor(tmp_path / "mine", s3_settings, s3_settings.endpoint_url)


@pytest.fixture
def transcripts(mine, capsys):
    """A function that runs `transcripts` at that computer; returns exit status, what it printed, and its errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        status = run_command(["transcripts", *map(str, arguments)], mine.config)
        return status, *capsys.readouterr()

    return run


def edit(editor, uri, text):
    """Change the text of the first segment in an editor's copy."""
    with open_dataset(str(uri), config=editor.config) as dataset:
        dataset.document.update(KIND.rows, KIND.row_id, text=text)


def test_a_dataset_is_begun_on_s3(transcripts, tmp_path, uri, other):
    """It is on S3 once it is saved there, and nothing of this computer is in it."""
    folder = finished_job(tmp_path / "lecture", heard("The dot product."))
    status, out, _ = transcripts("add", uri, folder)
    assert EXIT_DONE == status
    assert f"Not on S3 yet: 1 video added, 1 segment added. Save with `transcripts save {uri}`." in out
    assert "Not saved:  1 video added, 1 segment added" in transcripts("info", uri)[1]
    status, out, _ = transcripts("save", uri, "--yes")
    assert (EXIT_DONE, True) == (status, out.startswith(f"Saved to {uri} "))
    assert ["The dot product."] == [row["text"] for row in stored(other, uri)["segments"]]
    assert str(tmp_path) not in str(stored(other, uri))
    assert "Not saved:  nothing" in transcripts("info", uri)[1]


def test_saving_has_to_be_confirmed(transcripts, mine, uri, other):
    """Where nobody can be asked, an option says that it may be; nothing is saved before."""
    store(other, uri, KIND.content)
    edit(mine, uri, "mine")
    status, _, err = transcripts("save", uri)
    assert (EXIT_WRONG_USAGE, True) == (status, "add --yes to save without being asked" in err)
    assert KIND.content == stored(other, uri)


@pytest.mark.parametrize(("side", "expected"), [("--ours", "mine"), ("--theirs", "theirs")])
def test_what_collides_is_decided(transcripts, mine, uri, other, side, expected):
    """Somebody else has changed the same text: nothing is saved and both are shown until an option decides."""
    store(other, uri, KIND.content)
    edit(mine, uri, "mine")
    store(other, uri, changed(KIND, "theirs"))
    status, out, err = transcripts("save", uri, "--yes")
    assert EXIT_FAILED == status
    assert 'text of the segment \'s1\': here "mine", on S3 "theirs".\n' == out
    assert "Nothing was saved: 1 change collides. Say which counts with --ours or --theirs." in err
    assert "theirs" == stored(other, uri)["segments"][0]["text"]
    assert EXIT_DONE == transcripts("save", uri, "--yes", side)[0]
    assert expected == stored(other, uri)["segments"][0]["text"]


def test_exported_without_a_network(transcripts, mine, uri, other, gateway, tmp_path):
    """What is exported is the copy of this computer, and that it may be out of date is said."""
    mine.endpoint_url = gateway.url
    store(other, uri, KIND.content)
    assert "" == transcripts("export", uri, "--format", "txt", "--media", "m1")[2]
    gateway.down = True
    status, out, err = transcripts("export", uri, "--format", "txt", "--media", "m1")
    assert (EXIT_DONE, True) == (status, "The dot product." in out)
    assert "may be out of date" in err


def test_what_s3_does_not_have(transcripts, uri):
    """One sentence, and exit 1."""
    status, _, err = transcripts("info", uri)
    assert (EXIT_FAILED, 1) == (status, len(err.splitlines()))
    assert f"Nothing is stored under {uri}" in err


def test_the_example_of_the_readme(monkeypatch, mine, uri, other, capsys):
    """It does what it says: the words are corrected on S3, and the answer is printed."""
    content = changed(KIND, "The doc product.")
    store(other, uri, content)
    monkeypatch.setenv("XDG_CACHE_HOME", str(mine.folder))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", mine.endpoint_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", mine.place.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", mine.place.secret_access_key)
    exec(compile(SCRIPT.replace('"s3://course/transcripts.json"', repr(str(uri))), "README.md", "exec"), {})
    first = stored(other, uri)["segments"][0]
    assert ("The dot product.", True) == (first["text"], first["edited"])
    assert "1 segment updated" in capsys.readouterr().out
