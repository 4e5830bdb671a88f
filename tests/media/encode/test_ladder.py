"""The ladder: which qualities, which sizes, how many bits."""

from __future__ import annotations

import pytest

from pipeline.media.encode import ladder


@pytest.mark.parametrize(
    ("size", "names"),
    [
        pytest.param((3840, 2160), ["2160p", "1440p", "1080p", "720p", "480p", "360p"], id="4K"),
        pytest.param((4096, 1716), ["2160p", "1440p", "1080p", "720p", "480p", "360p"], id="cinema 4K"),
        pytest.param((2160, 3840), ["2160p", "1440p", "1080p", "720p", "480p", "360p"], id="portrait 4K"),
        pytest.param((2560, 1440), ["1440p", "1080p", "720p", "480p", "360p"], id="1440p"),
        pytest.param((1920, 1080), ["1080p", "720p", "480p", "360p"], id="full HD"),
        pytest.param((1920, 800), ["1080p", "720p", "480p", "360p"], id="wide screen fills the width"),
        pytest.param((1440, 1080), ["1080p", "720p", "480p", "360p"], id="4:3 fills the height"),
        pytest.param((1080, 1920), ["1080p", "720p", "480p", "360p"], id="portrait"),
        pytest.param((1919, 1079), ["720p", "480p", "360p"], id="a pixel short of full HD"),
        pytest.param((853, 480), ["480p", "360p"], id="480p as cameras write it"),
        pytest.param((640, 360), ["360p"], id="360p"),
    ],
)
def test_a_quality_is_offered_when_the_source_fills_its_box_on_either_side(size, names):
    """No quality is ever above the source, and a source that is as wide or as high as the box gets it."""
    assert names == [q.name for q in ladder.offered(*size)]


@pytest.mark.parametrize(
    ("size", "wanted", "names"),
    [
        pytest.param((1280, 720), None, ["720p", "480p", "360p"], id="all"),
        pytest.param((1280, 720), ["480p"], ["480p"], id="one"),
        pytest.param((1280, 720), ["360p", "720p"], ["720p", "360p"], id="always largest first"),
        pytest.param((1280, 720), ["1080p", "480p"], ["480p"], id="above the source is left out"),
        pytest.param((1280, 720), ["1080p"], ["720p"], id="only above the source: the best that fits"),
        pytest.param((3840, 2160), None, ["1080p", "720p", "480p", "360p"], id="4K: above 1080p only when asked for"),
        pytest.param((3840, 2160), ["2160p", "480p"], ["2160p", "480p"], id="4K asked for"),
        pytest.param((1920, 1080), ["2160p"], ["1080p"], id="4K asked for of full HD"),
        pytest.param((2560, 1440), ["2160p"], ["1080p"], id="4K asked for of 1440p: the best of the usual"),
        pytest.param((320, 180), None, ["180p"], id="below 360p: its own size"),
        pytest.param((320, 180), ["720p"], ["180p"], id="below 360p whatever is asked for"),
    ],
)
def test_the_choice_is_what_was_asked_for_within_what_the_source_fills(size, wanted, names):
    """There is always at least one rendition."""
    assert names == [q.name for q in ladder.choose(*size, wanted)]


@pytest.mark.parametrize(
    ("size", "name", "scaled"),
    [
        pytest.param((1920, 1080), "480p", (854, 480), id="16:9 is 854 wide"),
        pytest.param((1920, 1080), "1080p", (1920, 1080), id="unchanged"),
        pytest.param((1080, 1920), "480p", (480, 854), id="portrait turns the box"),
        pytest.param((1920, 800), "720p", (1280, 534), id="wide screen keeps its shape"),
        pytest.param((1440, 1080), "720p", (960, 720), id="4:3 keeps its shape"),
        pytest.param((853, 481), "480p", (852, 480), id="odd sizes become even"),
        pytest.param((4000, 3), "360p", (640, 2), id="a thin strip keeps two lines"),
    ],
)
def test_a_video_is_fitted_into_the_box(size, name, scaled):
    """Aspect kept, even numbers."""
    assert scaled == ladder.fit(*size, ladder.BY_NAME[name])


def test_a_tiny_source_is_never_enlarged():
    """A source of odd size below 360p gets even numbers and nothing more."""
    (quality,) = ladder.choose(321, 181, None)
    assert (320, 180) == ladder.fit(321, 181, quality)


def test_rates_come_from_the_table():
    """The table of rates, as it was agreed."""
    table = {q.name: (q.bit_rate // 1000, q.max_bit_rate // 1000, q.buffer_size // 1000) for q in ladder.QUALITIES}
    usual = {
        "1080p": (5000, 5350, 7500),
        "720p": (2800, 3000, 4200),
        "480p": (1400, 1500, 2100),
        "360p": (800, 900, 1200),
    }
    assert {"2160p": (14000, 15000, 21000), "1440p": (8000, 8560, 12000)} | usual == table


@pytest.mark.parametrize(
    ("peak", "bit_rate"),
    [
        pytest.param(8_000_000, 2_800_000, id="rich source"),
        pytest.param(1_000_000, 1_300_000, id="poor source"),
        pytest.param(100_000, 700_000, id="slides"),
    ],
)
def test_no_rendition_gets_more_bits_than_its_source_can_use(peak, bit_rate):
    """At most 1.3 times what the source takes where it takes most, and at least a quarter of the table's."""
    made = ladder.renditions([ladder.BY_NAME["720p"]], 1280, 720, black_bars=False)
    assert [bit_rate] == [r.bit_rate for r in ladder.within_source(made, peak)]


@pytest.mark.parametrize(
    ("bit_rates", "made"),
    [
        pytest.param((253, 165, 110, 80), ["1080p", "480p"], id="slides"),
        pytest.param((1974, 1399, 837, 467), ["1080p", "720p", "480p", "360p"], id="a cartoon"),
        pytest.param((300, 293, 193, 192), ["1080p", "480p"], id="a third more is enough"),
        pytest.param((200, 210, 220, 230), ["1080p"], id="smaller ones that take more"),
        pytest.param((2000, 200, 190, 180), ["1080p", "720p"], id="only the largest costs more"),
    ],
)
def test_a_fitting_ladder_has_no_rendition_that_saves_hardly_anything(bit_rates, made):
    """With the audio, the next larger one that is made takes at least a third more; the largest is always made."""
    renditions = ladder.renditions(ladder.USUAL, 1920, 1080, black_bars=False)
    rates = {r.name: rate * 1000 for r, rate in zip(renditions, bit_rates, strict=True)}
    assert made == [r.name for r in ladder.worth_making(renditions, rates, 128_000)]


def test_black_bars_fill_the_box_only_when_asked_for():
    """With bars the frame is the box and the video keeps its fitted size inside."""
    quality = ladder.BY_NAME["720p"]
    (barred,) = ladder.renditions([quality], 1440, 1080, black_bars=True)
    (plain,) = ladder.renditions([quality], 1440, 1080, black_bars=False)
    assert ((960, 720), (1280, 720)) == ((barred.width, barred.height), (barred.frame_width, barred.frame_height))
    assert (960, 720) == (plain.frame_width, plain.frame_height)


@pytest.mark.parametrize(
    ("peak", "rates"),
    [
        pytest.param(20_000_000, [5000, 2800, 1400, 800], id="rich: the table"),
        pytest.param(2_000_000, [2600, 1456, 1400, 800], id="the source caps two"),
        pytest.param(300_000, [1250, 700, 390, 222], id="the source caps all"),
        pytest.param(0, [1250, 700, 350, 200], id="nothing moves"),
    ],
)
def test_the_ladder_falls_however_poor_the_source_is(peak, rates):
    """Players choose by rate: a smaller rendition is always the cheaper one."""
    made = ladder.within_source(ladder.renditions(ladder.USUAL, 1920, 1080, black_bars=False), peak)
    assert rates == [r.bit_rate // 1000 for r in made]
