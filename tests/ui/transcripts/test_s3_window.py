"""The editor with a dataset on a real S3 server, driven as a person would."""

import json

import pytest
from datasets import TRANSCRIPTS_KIND
from remote_datasets import Editor, changed, store, stored
from s3_gateway import client_of, running_gateway

from storage import S3Uri, s3_objects
from transcripts.merge import Side
from ui.transcripts.audio_output import RATE_HZ
from ui.transcripts.state import Question

KIND = TRANSCRIPTS_KIND
TEXTS = [row["text"] for row in KIND.content["segments"]]
SAVED = ("Saved", "")


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch):
    """A request that fails is not repeated."""
    monkeypatch.setattr(s3_objects, "TRIES", 1)


@pytest.fixture
def uri(s3_settings):
    """A dataset that is on S3, with an odd name."""
    return S3Uri(bucket=s3_settings.bucket, key=f"{s3_settings.prefix}/week 1/it's 'ü' \"1\".json")


@pytest.fixture
def other(s3_settings, uri):
    """Another program that uses the same bucket, and has put the dataset there."""
    made = client_of(s3_settings)
    store(made, uri, KIND.content)
    yield made
    made.close()


@pytest.fixture
def gateway(s3_settings):
    """The way to the store, which can be cut."""
    with running_gateway(s3_settings, "quoted") as running:
        yield running


@pytest.fixture
def someone(s3_settings, tmp_path, gateway):
    """A person at a computer."""
    found = Editor(tmp_path / "computer", s3_settings, gateway.url)
    yield found
    found.close()


@pytest.fixture
def driver(open_editor, someone, uri, other):
    """Their window, with the dataset in it."""
    return open_editor(str(uri), opener=someone.open).ready()


def status(driver):
    """Return the news at the bottom of the window."""
    return str(driver.view.status.label.cget("text"))


def save(driver):
    """Press Save to S3 and say yes."""
    driver.click(driver.view.banner.save)
    assert "Save to S3?" == driver.asked
    driver.choose("Save")
    driver.until(lambda: driver.state.saving is None)
    driver.settled()


def test_three_words_are_corrected(driver, uri, other):
    """The mark counts what is unsaved, saving asks first, and then the mark is gone and S3 has it."""
    assert "Save to S3" == str(driver.view.banner.save.cget("text"))
    for text in ("The cross product.", "Größe", "End."):
        driver.type(text)
        driver.press("<Return>")
    assert ("UNSAVED CHANGES", "3 segments updated") == driver.mark
    assert driver.app.title().startswith("• it's")
    driver.click(driver.view.banner.save)
    driver.choose("Not now")
    assert ("UNSAVED CHANGES", "3 segments updated") == driver.mark
    save(driver)

    assert SAVED == driver.mark
    head = other.head_object(Bucket=uri.bucket, Key=uri.key)
    assert head["ETag"] in status(driver)
    assert ["The cross product.", "Größe", "End."] == [row["text"] for row in stored(other, uri)["segments"]]
    assert driver.view.banner.save.instate(["disabled"])


def test_a_save_that_fails(driver, uri, other, gateway):
    """The reason is said, the mark stays, and the next try saves it."""
    driver.type("ours")
    driver.press("<Return>")
    gateway.down = True
    save(driver)
    assert "UNSAVED CHANGES" == driver.mark[0]
    assert "Your changes are kept on this computer." in status(driver)
    assert TEXTS[0] == stored(other, uri)["segments"][0]["text"]
    gateway.down = False
    save(driver)
    assert (SAVED, "ours") == (driver.mark, stored(other, uri)["segments"][0]["text"])


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
def test_somebody_else_changed_the_same(driver, uri, other, side):
    """Both texts are shown, nothing is saved before the editor has decided, and then what they decided is."""
    driver.type("ours")
    driver.press("<Return>")
    store(other, uri, changed(KIND, "theirs"))
    save(driver)
    assert "Somebody else has made conflicting changes." == driver.asked
    tree = driver.view.collisions.tree
    assert [("s1 text", "ours", "theirs")] == [tuple(tree.item(one, "values"))[:3] for one in tree.get_children()]
    assert driver.view.question.buttons[0].instate(["disabled"])
    assert "theirs" == stored(other, uri)["segments"][0]["text"]
    driver.click(driver.view.collisions.keep[side])
    driver.choose("Save")
    driver.until(lambda: driver.state.saving is None)
    driver.settled()
    wanted = "ours" if side is Side.OURS else "theirs"

    assert (SAVED, wanted, wanted) == (driver.mark, driver.texts[0], stored(other, uri)["segments"][0]["text"])
    assert ("", False) == (driver.asked, bool(driver.view.collisions.frame.winfo_viewable()))


def test_what_somebody_else_saved_is_shown(driver, uri, other):
    """What does not collide is merged, and stands in the table after the save."""
    theirs = json.loads(json.dumps(KIND.content))
    theirs["segments"][1]["text"] = "theirs"
    store(other, uri, theirs)
    driver.type("ours")
    driver.press("<Return>")
    save(driver)
    assert ["ours", "theirs", TEXTS[2]] == driver.texts == [row["text"] for row in stored(other, uri)["segments"]]
    assert "theirs" == driver.view.segments.field.text


def test_deleted_meanwhile(driver, uri, other):
    """It is not brought back unasked."""
    driver.type("ours")
    driver.press("<Return>")
    other.delete_object(Bucket=uri.bucket, Key=uri.key)
    save(driver)
    assert "The dataset was deleted on S3. Save it as a new one?" == driver.asked
    driver.choose("Save as new")
    driver.until(lambda: driver.state.saving is None)
    driver.settled()
    assert (SAVED, "ours") == (driver.mark, stored(other, uri)["segments"][0]["text"])


def test_closing_with_unsaved_changes(driver, open_editor, someone, uri, other):
    """It asks; without saving the changes are there the next time, and saving them closes the window."""
    driver.type("ours")
    driver.view.close()
    driver.settled()
    assert ("Close with unsaved changes?", "ours") == (driver.asked, driver.texts[0])
    driver.choose("Keep editing")
    assert ("", False) == (driver.asked, driver.app.closed)
    driver.view.close()
    driver.settled()
    close = next(one for one in driver.view.question.buttons if one.cget("text") == "Close without saving")
    close.invoke()
    driver.until(lambda: driver.app.closed)
    assert TEXTS[0] == stored(other, uri)["segments"][0]["text"]

    again = open_editor(str(uri), opener=someone.open).ready()
    assert (("UNSAVED CHANGES", "1 segment updated"), "ours") == (again.mark, again.texts[0])
    again.view.close()
    again.settled()
    next(one for one in again.view.question.buttons if one.cget("text") == "Save and close").invoke()
    again.until(lambda: again.app.closed)
    assert "ours" == stored(other, uri)["segments"][0]["text"]


def test_save_and_close_that_fails(driver, gateway):
    """The window stays open and says why."""
    driver.type("ours")
    driver.view.close()
    driver.settled()
    gateway.down = True
    driver.choose("Save and close")
    driver.until(lambda: driver.state.saving is None)
    driver.settled()
    assert (False, Question.NONE) == (driver.app.closed, driver.state.question)
    assert "Your changes are kept on this computer." in status(driver)


def test_no_network(open_editor, someone, uri, other, gateway):
    """The copy on this computer is shown, and the window says that it may be out of date."""
    someone.open(uri).close()
    gateway.down = True
    driver = open_editor(str(uri), opener=someone.open).ready()
    assert TEXTS == driver.texts
    assert "may be out of date" in driver.view.banner.freshness.full_text


def test_a_video_on_s3(open_editor, someone, uri, other, sample, device):
    """Its waveform is drawn and the passage is played, both read from S3."""
    content = changed(KIND, "Welcome.")
    content["media"][0]["uri"] = "it's a film.mp4"
    store(other, uri, content)
    beside = f"{uri.key.rpartition('/')[0]}/it's a film.mp4"
    other.put_object(Bucket=uri.bucket, Key=beside, Body=sample.read_bytes())
    driver = open_editor(str(uri), opener=someone.open, open_output=device.open).ready()
    canvas = driver.view.bar.waveform.canvas
    driver.until(lambda: "polygon" in {canvas.type(one) for one in canvas.find_all()})
    device.release()
    driver.click(driver.view.tools.play)
    driver.until(lambda: driver.state.playing is None)
    assert ("", round(2.5 * RATE_HZ)) == (driver.state.status.text, len(device.played))
    assert abs(device.played).max() > 0.01
