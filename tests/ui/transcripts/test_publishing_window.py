"""Publishing from the editor's window, to a real backend."""

import hashlib
import threading
import uuid
from dataclasses import replace

import pytest
from editor_window import DEADLINE_S
from uploaded_jobs import upload_copy

from config import BackendApi
from transcripts.destinations import PublishError
from ui.transcripts.app import opener_for
from ui.transcripts.publishing import publisher_for


@pytest.fixture
def uploaded(published, tmp_path):
    """The sample, uploaded from its folder and put into a dataset."""
    return upload_copy(published.report.folder, tmp_path, f"tests/{uuid.uuid4().hex}/", published.config)


def opened(open_editor, uploaded, config):
    """Open the dataset in a window with certain settings."""
    return open_editor(uploaded.dataset, opener=opener_for(config), publisher=publisher_for(config)).ready()


def test_corrected_and_published(open_editor, uploaded):
    """What was corrected is in the captions on the server, and what is published is not published twice."""
    going, publish = threading.Event(), publisher_for(uploaded.config)

    def held(*arguments):
        assert going.wait(DEADLINE_S)
        return publish(*arguments)

    opener = opener_for(uploaded.config)
    driver = open_editor(uploaded.dataset, opener=opener, publisher=held).ready()
    place = next(n for n, text in enumerate(driver.texts) if "seven" in text)
    driver.view.segments.select(place)
    driver.type(driver.texts[place].replace("seven", "eleven"))
    driver.click(driver.view.banner.publish)
    assert driver.view.banner.publish.instate(["disabled"])
    going.set()
    driver.until(lambda: not driver.state.publishing)
    driver.settled()
    assert "welcome is published: 5 files were replaced." == str(driver.view.status.label.cget("text"))
    assert "eleven" in (uploaded.folder / "transcript.srt").read_text(encoding="utf-8")
    (stored,) = [one for name, one in uploaded.stored().items() if name == "transcript.srt"]
    assert hashlib.md5((uploaded.folder / "transcript.srt").read_bytes()).hexdigest() == stored.md5
    driver.click(driver.view.banner.publish)
    driver.until(lambda: not driver.state.publishing)
    driver.settled()
    assert "are up to date already" in str(driver.view.status.label.cget("text"))


@pytest.mark.parametrize(
    ("api", "said"),
    [
        (BackendApi(), "BACKEND_URL"),
        (BackendApi(url="http://127.0.0.1:9", token="x" * 20), "127.0.0.1:9"),
    ],
    ids=["none", "another"],
)
def test_not_published(open_editor, uploaded, api, said):
    """The reason is said, and it can be tried again."""
    driver = opened(open_editor, uploaded, replace(uploaded.config, backend=api))
    driver.click(driver.view.banner.publish)
    driver.until(lambda: not driver.state.publishing)
    driver.settled()
    assert said in str(driver.view.status.label.cget("text"))
    assert not driver.view.banner.publish.instate(["disabled"])


@pytest.mark.parametrize("succeeds", [True, False], ids=["done", "failed"])
def test_closed_meanwhile(open_editor, path, succeeds):
    """A window that is closed while something is published waits for that, and stays if it fails."""
    going = threading.Event()

    def publish(document, media_id, notice):
        assert going.wait(DEADLINE_S)
        if not succeeds:
            raise PublishError("The server is away.")
        return "Published."

    driver = open_editor(path, publisher=publish).ready()
    driver.click(driver.view.banner.publish)
    driver.view.close()
    assert "The window closes when this has ended…" == str(driver.view.status.label.cget("text"))
    going.set()
    if succeeds:
        driver.until(lambda: driver.app.closed)
    else:
        driver.until(lambda: not driver.state.publishing)
        driver.settled()
        assert (False, "The server is away.") == (driver.app.closed, str(driver.view.status.label.cget("text")))
