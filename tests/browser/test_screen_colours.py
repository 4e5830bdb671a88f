"""Colours of every kind of source on the screen: Chromium's own pixels of the stream, through hls.js,
and of the MP4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from chromium import ARGUMENTS, chromium
from colour_clips import CLIPS, HDR_CLIPS, PATCHES, ColourClips, shown
from playwright.sync_api import Browser, sync_playwright

from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.job import EncoderFamily, EncodingRequest, Job, UploadRequest
from pipeline.model import Outcome

ULTRAFAST = EncodingRequest(preset="ultrafast", encoder=EncoderFamily.CPU)
APART = 3
"""By how much of 255 a patch may be off."""

# Without a graphics card Chromium turns video into RGB by libyuv, whose factors in 8 bits end at 2: the 2.11 that blue
# has in BT.709 does not fit, and 255 is shown as 243 (kYuvH709Constants in libyuv's row_common.cc). SwiftShader does it
# as graphics cards do.
GRAPHICS = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]

PIXELS = """async count => {
    const video = window.shown;
    const middle = video.duration / 2;
    await new Promise(shown => { video.requestVideoFrameCallback(shown); video.currentTime = middle; });
    const canvas = document.createElement('canvas');
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    const context = canvas.getContext('2d');
    context.drawImage(video, 0, 0);
    const patch = i => context.getImageData(Math.floor((i + 0.5) * canvas.width / count), canvas.height / 2, 1, 1).data;
    return Array.from({length: count}, (_, i) => Array.from(patch(i)).slice(0, 3));
}"""
STREAM = """() => {
    window.shown = document.querySelector('video');
    window.shown.pause();
}"""
MP4 = """async url => {
    const video = document.createElement('video');
    video.muted = true;
    const loaded = new Promise((done, failed) => {
        video.onloadeddata = done;
        video.onerror = () => failed(video.error);
    });
    video.src = url;
    window.shown = video;
    await loaded;
}"""


@dataclass(frozen=True, kw_only=True)
class Published:
    """The addresses of a stream's page and of its MP4."""

    page: str
    mp4: str


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium that draws as with a graphics card."""
    arguments = [argument for argument in ARGUMENTS if argument != "--disable-gpu"] + GRAPHICS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=arguments, env={"HOME": str(tmp_path_factory.mktemp("home"))}
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def publish(backend, backend_config, tmp_path_factory) -> Callable[[str], Published]:
    """Return what converts a kind of source and uploads what comes of it, once for all tests."""
    clips, out = ColourClips(tmp_path_factory.mktemp("clips")), tmp_path_factory.mktemp("streams")
    published: dict[str, Published] = {}

    def run(kind: str) -> Published:
        if kind not in published:
            slug = kind.replace(" ", "-")
            prefix = f"tests/colours/{slug}/"
            job = Job(
                source=clips(kind),
                output_dir=out,
                slug=slug,
                qualities=("360p",),
                encoding=ULTRAFAST,
                upload=UploadRequest(prefix=prefix),
            )
            report = wiring.run_job(
                wiring.probe_and_plan(job, backend_config), backend_config, lambda event: None, CancelToken()
            )
            assert (Outcome.DONE, "") == (report.outcome, report.error)
            published[kind] = Published(
                page=backend.watch_url(prefix) + "?player=hls", mp4=f"{backend.url}/objects/{prefix}offline_480p.mp4"
            )
        return published[kind]

    return run


def _pixels(page, published: Published) -> tuple[np.ndarray, np.ndarray]:
    """Return the patches of the stream and of the MP4 as Chromium shows them."""
    page.goto(published.page)
    page.wait_for_function("document.querySelector('video').readyState >= 2")
    page.evaluate(STREAM)
    stream = np.array(page.evaluate(PIXELS, len(PATCHES)))
    page.evaluate(MP4, published.mp4)
    return stream, np.array(page.evaluate(PIXELS, len(PATCHES)))


@pytest.mark.parametrize("kind", CLIPS)
def test_every_patch_is_on_the_screen_what_it_was(page, publish, kind):
    """In the stream and in the MP4, within 3 of 255 in red, green and blue;
    X'Y'Z' is made RGB by swscale in 12 bits of light.
    """
    apart = 6 if kind == "digital cinema" else APART
    stream, mp4 = (np.abs(pixels - shown(CLIPS[kind])).max() for pixels in _pixels(page, publish(kind)))
    assert (pytest.approx(0, abs=apart), pytest.approx(0, abs=apart)) == (stream, mp4)


@pytest.mark.parametrize("kind", HDR_CLIPS)
def test_hdr_is_on_the_screen_the_same_in_each_of_its_forms(page, publish, kind):
    """In the stream and in the MP4 as BT.2020 in limited range is."""
    unsaturated = slice(3, None)  # where PQ has a dark tone for none, its rounding is worth more than that
    usual = _pixels(page, publish("hdr10"))[0][unsaturated]
    stream, mp4 = (np.abs(pixels[unsaturated] - usual).max() for pixels in _pixels(page, publish(kind)))
    assert (pytest.approx(0, abs=APART), pytest.approx(0, abs=APART)) == (stream, mp4)
