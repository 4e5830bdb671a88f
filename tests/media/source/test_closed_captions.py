"""Closed captions in the video: found without decoding, and read as they are shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from caption_clips import captioned, pop_on, with_parity
from source_clips import AAC, H264, TEN_BIT_HEVC, pattern, run, tone

from pipeline.cancel import CancelToken
from pipeline.media.source import closed_captions
from pipeline.media.source.closed_captions import Channel, caption_data, caption_form, read_closed_captions
from pipeline.media.source.packet_scan import scan
from pipeline.media.source.probe import probe
from pipeline.media.source.source_notes import source_notes
from pipeline.media_info import CaptionForm
from pipeline.speech.cues import Cue

SAID = b"GA94\x03\xc2\xff\xfc\x94\x20\xfd\x80\x80\xff"
B_FRAMES = ("-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-pix_fmt", "yuv420p")
FIRST = pop_on("Hello, world", 25, 40) | pop_on("Bye", 60, 70)
SECOND = pop_on("Hola", 30, 50, field=1)


@pytest.mark.parametrize(
    ("frame_bytes", "data"),
    [
        pytest.param(b"\x06\x04\x0e\xb5\x00\x31" + SAID + b"\x80", b"\xfc\x94\x20\xfd\x80\x80", id="H.264"),
        pytest.param(b"\x00\x00\x01\xb2" + SAID + b"\x00\x00\x01\x01", b"\xfc\x94\x20\xfd\x80\x80", id="MPEG-2"),
        pytest.param(
            SAID.replace(b"\xfd\x80\x80", b"\xf8\x00\x00\x03"), b"\xfc\x94\x20\xf8\x00\x00", id="emulation prevention"
        ),
        pytest.param(SAID + SAID, b"\xfc\x94\x20\xfd\x80\x80" * 2, id="twice"),
        pytest.param(SAID[:-1] + b"\x00", b"", id="no marker at the end: other bytes that look like it"),
        pytest.param(SAID[:7], b"", id="cut off"),
        pytest.param(SAID.replace(b"\xc2", b"\x82"), b"", id="not to be processed"),
        pytest.param(b"\x65" * 50, b"", id="none"),
    ],
)
def test_caption_data_of_a_coded_frame(frame_bytes, data):
    """Three bytes a pair, whatever the codec packs them in."""
    assert data == caption_data(frame_bytes)


def _clip(folder: Path, name: str, *codec: str, rate: str = "25") -> Path:
    return run(folder, name, *pattern(rate=rate), *tone(), *codec, *AAC)


@pytest.mark.parametrize(
    ("name", "codec", "kind"),
    [
        pytest.param("a.mp4", H264, "h264", id="MP4"),
        pytest.param("a.mkv", B_FRAMES, "h264", id="Matroska, B-frames"),
        pytest.param("a.mp4", TEN_BIT_HEVC, "hevc", id="HEVC"),
    ],
)
def test_captions_are_read_at_the_times_at_which_they_show(tmp_path, name, codec, kind):
    """Two channels, from the coded frames in the order in which these are shown."""
    clip = captioned(_clip(tmp_path, "plain.mp4", *codec), tmp_path / name, FIRST, SECOND, codec=kind)
    media = probe(clip)
    assert media.video.closed_captions

    def at(seconds):
        return pytest.approx(seconds + media.video.start_s, abs=0.002)

    assert (
        Channel(
            name="CC1",
            first_s=at(0.52),
            cues=(
                Cue(start_s=at(1.0), end_s=at(1.6), text="Hello, world"),
                Cue(start_s=at(2.4), end_s=at(2.8), text="Bye"),
            ),
        ),
        Channel(
            name="CC3",
            first_s=at(0.88),
            cues=(Cue(start_s=at(1.2), end_s=at(2.0), text="Hola"),),
        ),
    ) == read_closed_captions(media, CancelToken())


def test_a_caption_that_is_never_erased_has_an_end(tmp_path):
    """The longest time of a cue."""
    said = {frame: pair for frame, pair in pop_on("Stay", 25, 70).items() if frame < 70}
    media = probe(captioned(_clip(tmp_path, "plain.mp4", *H264), tmp_path / "a.mp4", said))
    (channel,) = read_closed_captions(media, CancelToken())
    assert [("Stay", 1.0, pytest.approx(8.04, abs=0.002))] == [
        (cue.text, cue.start_s, cue.end_s) for cue in channel.cues
    ]


def _said(clip: Path) -> dict[str, list[str]]:
    """Return what each channel of a clip says."""
    return {
        channel.name: [cue.text for cue in channel.cues] for channel in read_closed_captions(probe(clip), CancelToken())
    }


XDS = [b"\x01\x03", b"Th", b"e ", b"Sh", b"ow", b"\x0f\x2b"]
"""The name of the current programme (CEA-608, 9.5.1.3)."""


def test_programme_names_between_captions_are_none(tmp_path):
    """Field 2 has XDS too: in the middle of a caption, alone,
    and broken off by the caption that goes on with a control code.
    """
    plain = _clip(tmp_path, "plain.mp4", *H264)
    said = pop_on("Hola", 40, 70, field=1)
    letters = sorted(said)[6:8]
    amid = {frame + 6 * (frame >= letters[1]): pair for frame, pair in said.items()}
    amid |= with_parity({letters[1] + number: pair for number, pair in enumerate(XDS)})
    assert {"CC3": ["Hola"]} == _said(captioned(plain, tmp_path / "amid.mp4", {}, amid))
    alone = with_parity({10 + number: pair for number, pair in enumerate(XDS)})
    assert {} == _said(captioned(plain, tmp_path / "alone.mp4", {}, alone))
    broken_off = with_parity({min(said) - 3 + number: pair for number, pair in enumerate(XDS[:3])}) | said
    assert {"CC3": ["Hola"]} == _said(captioned(plain, tmp_path / "broken.mp4", {}, broken_off))


def test_four_channels_are_apart(tmp_path):
    """Each field has two, whose captions are sent in turn."""
    first = pop_on("One", 20, 30) | pop_on("Two", 50, 60, channel=1)
    second = pop_on("Three", 20, 30, field=1) | pop_on("Four", 50, 60, field=1, channel=1)
    clip = captioned(_clip(tmp_path, "plain.mp4", *H264), tmp_path / "a.mp4", first, second)
    assert {"CC1": ["One"], "CC2": ["Two"], "CC3": ["Three"], "CC4": ["Four"]} == _said(clip)


def test_pages_of_text_are_no_captions(tmp_path):
    """T1 is sent in the same channel as CC1: addresses for television sets, mostly."""
    page = with_parity(
        {5 + number: pair for number, pair in enumerate([b"\x14\x2a", b"\x14\x2a", b"<h", b"tt", b"p>"])}
    )
    assert {"CC1": ["Hello"]} == _said(
        captioned(_clip(tmp_path, "plain.mp4", *H264), tmp_path / "a.mp4", page | pop_on("Hello", 30, 50))
    )


def test_a_channel_that_only_erases_is_not_offered(tmp_path):
    """Commands without a word are what an encoder sends all the time."""
    erased = with_parity({30: b"\x14\x2c", 31: b"\x14\x2c"})
    assert {} == _said(captioned(_clip(tmp_path, "plain.mp4", *H264), tmp_path / "a.mp4", erased))


def test_only_708(tmp_path):
    """Its services are named, also beside programme names; nothing here can read them, and nothing is promised."""
    service = [b"\xff\x02\x22", b"\xfeHi"]  # a packet of four bytes, a block of two for service 1
    xds = with_parity({10 + number: pair for number, pair in enumerate(XDS)})
    media = probe(captioned(_clip(tmp_path, "plain.mp4", *H264), tmp_path / "a.mp4", {}, xds, more=service))
    assert (Channel(name="SERVICE1", first_s=0.0),) == read_closed_captions(media, CancelToken())
    assert CaptionForm.CEA_708 is media.video.closed_captions
    assert "closed captions in the video (CEA-708): only those of CEA-608 can be offered as subtitles" in source_notes(
        media, keep_hdr=False
    )


@pytest.mark.parametrize(
    ("data", "form"),
    [
        pytest.param([], None, id="none"),
        pytest.param([b"", b"\xfc\x80\x80\xfd\x80\x80"], CaptionForm.PADDING, id="padding"),
        pytest.param([b"\xf8\x94\x20"], CaptionForm.PADDING, id="not valid"),
        pytest.param([b"\xfd\x01\x83"], CaptionForm.PADDING, id="XDS"),
        pytest.param([b"\xfdTh"], CaptionForm.PADDING, id="letters in field 2, of XDS perhaps"),
        pytest.param([b"\xfcTh"], CaptionForm.CEA_608, id="letters in field 1"),
        pytest.param([b"\xff\x02\x22", b"\xfd\x15\x20"], CaptionForm.CEA_608, id="a command in field 2, and 708"),
        pytest.param([b"\xff\x02\x22\xfe\x94\x20"], CaptionForm.CEA_708, id="708"),
    ],
)
def test_what_single_frames_tell(data, form):
    """Enough to say beforehand what will be done."""
    assert form is caption_form(data)


def test_padding_is_no_caption(tmp_path, monkeypatch):
    """A broadcaster's stream always has the bytes, whether or not anything is said: nothing is decoded,
    nothing promised.
    """
    media = probe(captioned(_clip(tmp_path, "plain.mp4", *H264), tmp_path / "a.mp4", {}))
    monkeypatch.setattr(
        closed_captions, "_from_frames", lambda media, cancel: pytest.fail("the whole film was decoded")
    )
    assert (CaptionForm.PADDING, ()) == (media.video.closed_captions, read_closed_captions(media, CancelToken()))
    assert not any("captions" in phrase for phrase in source_notes(media, keep_hdr=False))


@pytest.mark.parametrize(("codec", "kind"), [(H264, "h264"), (TEN_BIT_HEVC, "hevc")], ids=["H.264", "HEVC"])
def test_captions_in_few_frames_are_found_when_all_is_read_through(tmp_path, codec, kind):
    """OBS puts none where nothing is said: the frames that are looked at beforehand may all be without."""
    plain = _clip(tmp_path, "plain.mp4", *codec)
    media = probe(captioned(plain, tmp_path / "a.mp4", FIRST, codec=kind, sparse=True))
    assert (None, True) == (media.video.closed_captions, scan(media, CancelToken()).captions)
    assert not scan(probe(plain), CancelToken()).captions


def test_captions_that_begin_late_are_found(tmp_path):
    """A recording has none before the programme begins."""
    clip = captioned(
        _clip(tmp_path, "plain.mp4", *H264, "-g", "25"), tmp_path / "a.mp4", pop_on("Bye", 60, 70), first=30
    )
    media = probe(clip)
    assert media.video.closed_captions
    (channel,) = read_closed_captions(media, CancelToken())
    assert ["Bye"] == [cue.text for cue in channel.cues]


def test_a_plain_video_has_none(tmp_path):
    """Nothing is looked for where no frame that is looked at has any."""
    assert not probe(_clip(tmp_path, "plain.mp4", *H264)).video.closed_captions
