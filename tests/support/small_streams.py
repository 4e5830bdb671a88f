"""Small stream folders as the encode leaves them, made by the real ffmpeg: what packaging starts from."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import av

from pipeline.media.ffmpeg.process import find_ffmpeg
from pipeline.media.hls.fragments import separate_init
from pipeline.media.hls.measure import read_map_uri, read_media_playlist
from pipeline.media.hls.playlists import FMP4_VERSION, TS_VERSION, media_playlist

TIMELINE_S = 10
SIZES = {"180p": "320:180", "90p": "160:90"}
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-sc_threshold", "0", "-crf", "30")
X265 = (
    "-c:v",
    "libx265",
    "-preset",
    "ultrafast",
    "-x265-params",
    "log-level=none:scenecut=0:open-gop=0:pools=1",
    "-tag:v",
    "hvc1",
)
PQ = "format=yuv420p10le,setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"
"""Filters that say of a frame's numbers that they are HDR10."""

BT709 = "format=yuv420p,setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv"
SVT = ("-c:v", "libsvtav1", "-preset", "12", "-crf", "50", "-svtav1-params", "lp=1:scd=0")
AAC = ("-c:a", "aac", "-b:a", "64k", "-ac", "2")
AC3 = ("-c:a", "ac3", "-b:a", "384k", "-ac", "6")


def pattern(*, length_s: float = 8.0, rate: str = "25", source: str = "testsrc2") -> tuple[str, ...]:
    """Return ffmpeg's arguments for a moving video of 320x180."""
    return ("-f", "lavfi", "-i", f"{source}=s=320x180:r={rate}:d={length_s}")


def tone(*, length_s: float = 8.0) -> tuple[str, ...]:
    """Return ffmpeg's arguments for a tone."""
    return ("-f", "lavfi", "-i", f"sine=f=440:r=48000:d={length_s}")


def run_ffmpeg(folder: Path, *arguments: str) -> str:
    """Run ffmpeg in a folder and return what it prints."""
    argv = [str(find_ffmpeg("")), "-v", "error", "-nostdin", "-y", *arguments]
    return subprocess.run(argv, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout


def make_video_rendition(
    folder: Path,
    name: str,
    *inputs: str,
    codec: Sequence[str] = X264,
    scale: str | None = None,
    filters: str = BT709,
    fmp4: bool = False,
    muxed: bool = False,
    offset_s: float = TIMELINE_S,
    fragments: str = "frag_keyframe",
) -> None:
    """Make a rendition with a video, a keyframe every 2 s and segments of 6 s, with the audio in it if `muxed`."""
    size = scale or SIZES.get(name, "320:180")
    encode = [
        "-vf",
        f"scale={size}:out_color_matrix=bt709,setsar=1,{filters}",
        *codec,
        "-fps_mode",
        "vfr",
        "-enc_time_base",
        "1:90000",
    ]
    encode += ["-force_key_frames", "expr:isnan(prev_forced_t)+gt(floor((t+0.0005)/2),floor((prev_forced_t+0.0005)/2))"]
    _segments(
        folder,
        name,
        [*inputs, *encode, *(AAC if muxed else ("-an",))],
        fmp4=fmp4,
        offset_s=offset_s,
        fragments=fragments,
    )


def make_audio_rendition(folder: Path, name: str, *inputs: str, codec: Sequence[str] = AAC, fmp4: bool = False) -> None:
    """Make a rendition of audio alone."""
    _segments(folder, name, [*inputs, "-vn", *codec], fmp4=fmp4)


def _segments(
    folder: Path,
    name: str,
    arguments: Sequence[str],
    *,
    fmp4: bool,
    offset_s: float = TIMELINE_S,
    fragments: str = "frag_keyframe",
) -> None:
    place = folder / name
    place.mkdir(parents=True)
    pattern = "seg_%03d.m4s" if fmp4 else "seg_%03d.ts"
    options = ["-f", "hls", "-hls_time", "6", "-hls_playlist_type", "vod", "-hls_list_size", "0", "-start_number", "1"]
    options += ["-hls_segment_filename", pattern, "-output_ts_offset", str(offset_s), "-muxdelay", "0"]
    if fmp4:
        options += ["-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", "init.mp4"]
        options += ["-hls_segment_options", f"movflags=+frag_discont+{fragments}"]
    run_ffmpeg(place, *arguments, *options, "index.m3u8")
    if fmp4:
        separate_init(place / "init.mp4", place / "seg_001.m4s")
    playlist = place / "index.m3u8"
    segments = read_media_playlist(playlist)
    text = media_playlist(
        [s.duration_s for s in segments],
        [s.uri for s in segments],
        version=FMP4_VERSION if fmp4 else TS_VERSION,
        map_uri=read_map_uri(playlist),
    )
    playlist.write_text(text)


def decoded(playlist: Path) -> str:
    """Return the checksums of all that ffmpeg, as a player, decodes of a playlist."""
    return run_ffmpeg(playlist.parent, "-allowed_extensions", "ALL", "-i", playlist.name, "-f", "framemd5", "-")


def pixels(path: Path) -> tuple[int, int, bytes]:
    """Return width, height and the RGB bytes of a picture file."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return frame.width, frame.height, frame.to_ndarray(format="rgb24").tobytes()
