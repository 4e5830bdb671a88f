"""The whole way of a person: a dataset on S3 is corrected with mouse and keyboard, saved, published, and watched."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from chromium import ARGUMENTS, chromium
from hands import Hands
from hls_player import captions_from
from playwright.sync_api import Page, sync_playwright
from remote_datasets import Editor, store, stored
from s3_gateway import client_of
from uploaded_jobs import upload_copy

from storage import S3Uri
from ui.transcripts.publishing import publisher_for

pytestmark = pytest.mark.browser

CORRECTIONS = {"lesson": "lecture", "seven": "eleven", "camera": "recorder"}


@pytest.fixture
def uploaded(published, tmp_path):
    """The sample, uploaded, in a dataset of this computer."""
    return upload_copy(published.report.folder, tmp_path, f"tests/{uuid.uuid4().hex}/", published.config)


@pytest.fixture
def client(s3_settings):
    """Another program that uses the same bucket."""
    made = client_of(s3_settings)
    yield made
    made.close()


@pytest.fixture
def uri(s3_settings, uploaded, client):
    """That dataset on S3."""
    found = S3Uri(bucket=s3_settings.bucket, key=f"{s3_settings.prefix}/course.json")
    store(client, found, json.loads(uploaded.dataset.read_text(encoding="utf-8")))
    return found


@pytest.fixture
def someone(s3_settings, tmp_path):
    """A person at a computer."""
    found = Editor(tmp_path / "computer", s3_settings, s3_settings.endpoint_url)
    yield found
    found.close()


@contextmanager
def watching(folder) -> Iterator[Page]:
    """Open a page in Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS, env={"HOME": str(folder)})
        page = browser.new_page(viewport={"width": 1000, "height": 700}, bypass_csp=True)
        page.set_default_timeout(180_000)
        yield page
        browser.close()


def test_corrected_saved_published_and_watched(open_editor, uploaded, uri, client, someone, tmp_path):
    """Three words are corrected, the mark comes and goes with the save, and players show what was published."""
    driver = open_editor(str(uri), opener=someone.open, publisher=publisher_for(uploaded.config)).ready()
    hands, view = Hands(driver), driver.view
    row_height = view.segments.table.row_height
    for old, new in CORRECTIONS.items():
        place = next(number for number, text in enumerate(driver.texts) if old in text)
        hands.click(view.segments.table.canvas, 40, place * row_height + row_height // 2)
        driver.until(lambda place=place: driver.place == place)
        hands.double_click_word(old)
        hands.type(new)
        hands.press("Return")
        driver.until(lambda place=place, new=new: new in driver.texts[place])
    driver.until(lambda: driver.mark == ("UNSAVED CHANGES", "3 segments updated"))
    assert view.banner.mark.winfo_viewable()
    hands.click(view.banner.save)
    driver.until(lambda: driver.asked == "Save to S3?")
    hands.press("Return")
    driver.until(lambda: driver.mark == ("Saved", ""))
    assert driver.texts == [row["text"] for row in stored(client, uri)["segments"]]
    hands.click(view.banner.publish)
    driver.until(lambda: "is published" in driver.state.status.text)

    with watching(tmp_path) as page:
        page.goto(f"{uploaded.config.backend.url}/watch/{uploaded.prefix}?player=hls")
        page.wait_for_function("document.querySelector('video').readyState >= 2")
        for segment in driver.segments[:3]:
            at_s = segment.start_s + segment.duration_s / 2
            assert [segment.text] == captions_from(page, at_s, segment.text)[0]
