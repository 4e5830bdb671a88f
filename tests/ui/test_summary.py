"""What is said beside Start about the job that stands in the form."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ui_fakes import media_info

from pipeline.job import Codec
from ui.advanced import CODEC_LABELS, AdvancedValues
from ui.engine import CONVERT_ON_LABELS, ConvertOn
from ui.estimate_text import estimate_text, rough_size, rough_time
from ui.job_form import FormValues
from ui.source_view import NO_SOURCE, SourceView
from ui.summary import Summary, summarise

VALUES = FormValues(output_dir="/out", qualities=("1080p", "720p"), destination="videos/")
HD = SourceView(media=media_info(), offered=("720p", "480p", "360p"), slug="lesson01")
SMALL = SourceView(media=media_info(width=320, height=240), offered=(), slug="small")
AUDIO = SourceView(media=replace(media_info(), video=None), offered=(), slug="talk")


@pytest.mark.parametrize(
    ("values", "source", "text"),
    [
        (VALUES, NO_SOURCE, "1080p, 720p, MP4 · captions · kept in /out"),
        (VALUES, HD, "720p, MP4 · captions · kept in /out/lesson01"),
        (replace(VALUES, qualities=()), HD, "No quality, MP4 · captions · kept in /out/lesson01"),
        (replace(VALUES, qualities=("1080p",)), HD, "720p, MP4 · captions · kept in /out/lesson01"),
        (VALUES, SMALL, "Its own size, MP4 · captions · kept in /out/small"),
        (VALUES, AUDIO, "Audio only · captions · kept in /out/talk"),
        (replace(VALUES, make_mp4=False, transcribe=False), HD, "720p · no captions · kept in /out/lesson01"),
        (
            replace(VALUES, transcribe=False, captions="/a.srt"),
            HD,
            "720p, MP4 · your own captions · kept in /out/lesson01",
        ),
        (replace(VALUES, captions="/a.srt"), HD, "720p, MP4 · captions and your own · kept in /out/lesson01"),
        (replace(VALUES, upload=True, suggested_from=None), HD, "720p, MP4 · captions · uploaded to videos/lesson01/"),
        (replace(VALUES, output_dir=""), HD, "720p, MP4 · captions · not uploaded"),
    ],
    ids=[
        "no source",
        "a source",
        "none ticked",
        "none that it fills",
        "a small one",
        "audio",
        "less",
        "own captions",
        "both captions",
        "upload",
        "no folder",
    ],
)
def test_what_is_made(values, source, text):
    """Qualities that the source fills, captions, and where the files go."""
    assert Summary(text=text) == summarise(values, source)


@pytest.mark.parametrize(
    ("values", "dangers"),
    [
        (replace(VALUES, delete_local=True), ""),
        (replace(VALUES, delete_local=True, upload=True), "Deletes the converted copy"),
        (replace(VALUES, advanced=AdvancedValues(encrypt=True)), "Encrypted"),
        (
            replace(VALUES, upload=True, delete_local=True, advanced=AdvancedValues(encrypt=True, accept_damaged=True)),
            "Deletes the converted copy · encrypted · damaged videos too",
        ),
    ],
    ids=["deleted only after an upload", "deleted", "encrypted", "all"],
)
def test_what_takes_something_away(values, dangers):
    """It is told apart from the rest."""
    assert dangers == summarise(values, HD).dangers


def test_the_line_follows_the_form(open_driver):
    """It stands beside Start and changes with every setting; what takes something away has the colour of a warning."""
    driver = open_driver()
    driver.fill(upload=True)
    bar, variables = driver.window.actions, driver.window.variables
    driver.until(lambda: driver.window.controller.state.measured is not None)
    driver.settle()
    assert "720p, 480p, MP4 · up to 10 MB · captions · uploaded to videos/lesson01/" == bar.summary.full_text
    assert "" == str(bar.dangers.cget("text"))
    variables.delete_local.set(True)
    variables.advanced.encrypt.set(True)
    variables.make_mp4.set(False)
    driver.settle()
    assert "Deletes the converted copy · encrypted" == str(bar.dangers.cget("text")).strip()
    assert "720p, 480p · captions · uploaded to videos/lesson01/" == bar.summary.full_text  # no key is chosen yet
    assert (True, "warning") == (bar.dangers.winfo_viewable(), str(bar.dangers.cget("style")).partition(".")[0].lower())


def test_reset_puts_the_usual_settings_back(open_driver):
    """The video, files and folders, the login and the queue stay, also an address that is remembered nowhere."""
    driver = open_driver()
    variables = driver.window.variables
    usual = variables.read()
    driver.fill(upload=True)
    variables.engine.typed.set("postgresql://me:secret@db/hls")
    variables.engine.convert_on.set(CONVERT_ON_LABELS[ConvertOn.QUEUE])
    variables.dataset.set("/courses/bio.json")
    variables.session_id.set("a" * 24)
    variables.model.set("/models/own")
    variables.speech.names_file.set("/courses/names.txt")
    variables.advanced.key_file.set("/keys/a")
    variables.delete_local.set(True)
    variables.advanced.encrypt.set(True)
    variables.advanced.codec.set(CODEC_LABELS[Codec.HEVC])
    variables.qualities["480p"].set(False)
    variables.transcribe.set(False)
    variables.speech.translate.set(True)
    variables.token.set("a token")
    before = variables.read()
    driver.press(driver.window.actions.reset)
    kept = {
        name: getattr(before, name)
        for name in (
            *("source", "output_dir", "destination", "suggested_from", "backend_url", "token"),
            *("engine", "dataset", "session_id", "model"),
        )
    }
    speech = replace(usual.speech, names_file="/courses/names.txt")
    chosen = replace(usual.advanced, key_file="/keys/a")
    assert replace(usual, **kept, speech=speech, advanced=chosen) == variables.read()


MEASURED = {"hls libx264": (0.5,), "mp4 libx264": (0.5,), "transcript base": (0.1,)}


@pytest.mark.parametrize(
    ("values", "source", "measured", "expected"),
    [
        (VALUES, HD, MEASURED, "up to 7.4 MB · less than a minute"),
        (VALUES, HD, {}, "up to 7.4 MB"),
        (replace(VALUES, part_from="0:07"), HD, {}, "up to 3.7 MB"),
        (VALUES, HD, None, ""),
        (VALUES, NO_SOURCE, MEASURED, ""),
        (replace(VALUES, qualities=()), HD, MEASURED, ""),
        (replace(VALUES, part_from="soon"), HD, MEASURED, ""),
        (replace(VALUES, part_from="0:20"), HD, MEASURED, ""),
        (VALUES, AUDIO, {}, "about 219 KB"),
    ],
    ids=["known", "new machine", "a part", "not yet known", "no source", "no quality", "no time", "beyond", "audio"],
)
def test_what_it_is_expected_to_take(values, source, measured, expected):
    """Size and time before Start; nothing where nothing is known, or where the job can't begin."""
    assert expected == estimate_text(replace(values, source="/videos/lesson01.mp4"), source, measured)
    told = summarise(replace(values, source="/videos/lesson01.mp4"), source, measured).text
    assert (f" · {expected} · " in told) is bool(expected)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (5, "less than a minute"),
        (80, "about 1 minute"),
        (1500, "about 25 minutes"),
        (5399, "about 90 minutes"),
        (9000, "about 2.5 hours"),
    ],
)
def test_times_without_more_digits_than_are_known(seconds, told):
    """Minutes, and hours for what takes long."""
    assert told == rough_time(seconds)


@pytest.mark.parametrize(
    ("size_bytes", "told"), [(1 << 31, "2.0 GB"), (410 << 20, "410 MB"), (3 << 19, "1.5 MB"), (10, "0.0 KB")]
)
def test_sizes_without_more_digits_than_are_known(size_bytes, told):
    """Two or three digits."""
    assert told == rough_size(size_bytes)
