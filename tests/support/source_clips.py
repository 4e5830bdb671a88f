"""Small clips of every kind of source that an editor may bring, made by the real ffmpeg.

`KINDS` has a maker a kind: it makes the clip in a folder and returns its path. `SourceClips` keeps what was made.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from pipeline.media.ffmpeg.process import find_ffmpeg

Maker = Callable[[Path], Path]

LENGTH_S = 3
THREADS = ("-threads", "2")
"""By itself ffmpeg takes as many as there are cores, and each number gives another file."""

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
AAC = ("-c:a", "aac", "-b:a", "64k")
SHORT_GOP = ("-g", "25")
VP9 = (
    "-c:v",
    "libvpx-vp9",
    "-deadline",
    "realtime",
    "-cpu-used",
    "8",
    "-b:v",
    "300k",
    "-c:a",
    "libopus",
    "-b:a",
    "64k",
)
TEN_BIT_HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-tag:v", "hvc1")


def pattern(*, size: str = "320x180", rate: str = "25", length_s: float = LENGTH_S) -> tuple[str, ...]:
    """Return ffmpeg's arguments for a moving test video."""
    return ("-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={length_s}")


def tone(*, length_s: float = LENGTH_S, frequency_hz: int = 440) -> tuple[str, ...]:
    """Return ffmpeg's arguments for a tone, mono at 48 kHz."""
    return ("-f", "lavfi", "-i", f"sine=frequency={frequency_hz}:sample_rate=48000:duration={length_s}")


def run(folder: Path, name: str, *arguments: str) -> Path:
    """Make a file with ffmpeg and return it."""
    target = folder / name
    command = [str(find_ffmpeg("")), "-v", "error", "-nostdin", "-y", *arguments, *THREADS, f"file:{target}"]
    subprocess.run(command, check=True)
    return target


def plain(folder: Path) -> Path:
    """H.264 and AAC, 25 fps."""
    return run(folder, "plain.mp4", *pattern(), *tone(), *H264, *AAC)


def rotated(folder: Path, degrees: str = "90") -> Path:
    """Make what a phone held upright makes: stored landscape with a display matrix."""
    flat = run(folder, "flat.mp4", *pattern(), *tone(), *H264, *AAC)
    return run(folder, f"rotated_{degrees}.mp4", "-display_rotation", degrees, "-i", str(flat), "-c", "copy")


def rotated_a_little(folder: Path) -> Path:
    """A display matrix of 10 degrees, which ffmpeg turns within the same frame."""
    return rotated(folder, "10")


def portrait(folder: Path) -> Path:
    """Stored upright."""
    return run(folder, "portrait.mp4", *pattern(size="180x320"), *tone(), *H264, *AAC)


def anamorphic(folder: Path) -> Path:
    """PAL widescreen: pixels of 64:45, shown as 16:9."""
    return run(folder, "anamorphic.mp4", *pattern(size="180x144"), *tone(), "-vf", "setsar=64/45", *H264, *AAC)


def anamorphic_narrow(folder: Path) -> Path:
    """PAL 4:3: pixels of 16:15, shown as 4:3."""
    return run(folder, "anamorphic_narrow.mp4", *pattern(size="180x144"), *tone(), "-vf", "setsar=16/15", *H264, *AAC)


def odd_size(folder: Path) -> Path:
    """Neither side is even."""
    codec = ("-vf", "scale=853:481,setsar=1", "-c:v", "mpeg4", "-b:v", "1M")  # testsrc2 itself makes even sizes only
    return run(folder, "odd_size.mp4", *pattern(size="854x482", length_s=2), *tone(length_s=2), *codec, *AAC)


def variable_rate(folder: Path) -> Path:
    """25 fps for a second, then every third frame, and a pause of 9 s after the second second; 13 s in all."""
    filters = "select='lt(n,25)+not(mod(n,3))',setpts='PTS+gte(T,2)*9/TB'"
    return run(
        folder, "variable_rate.mp4", *pattern(length_s=4), *tone(length_s=13), "-vf", filters, "-fps_mode", "vfr",
        "-video_track_timescale", "90000", *H264, *AAC,
    )  # fmt: skip


def fps_120(folder: Path) -> Path:
    """Twice the frames that HLS allows."""
    return run(folder, "fps_120.mp4", *pattern(rate="120", length_s=2), *tone(length_s=2), *H264, *AAC)


def slides(folder: Path) -> Path:
    """One frame a second."""
    return run(folder, "slides.mp4", *pattern(rate="1", length_s=8), *tone(length_s=8), *H264, *AAC)


def slow_slides(folder: Path) -> Path:
    """A frame every three seconds, each stored as far from its place as B-frames are, and a tone."""
    return _slow(folder, "slow_slides.mp4", *pattern(rate="1/3", length_s=12), *tone(length_s=12))


def slow_slides_silent(folder: Path) -> Path:
    """A frame every two seconds, and no audio."""
    return _slow(folder, "slow_slides_silent.mp4", *pattern(rate="1/2", length_s=12))


def _slow(folder: Path, name: str, *inputs: str) -> Path:
    return run(folder, name, *inputs, "-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-pix_fmt", "yuv420p", *AAC)


def single_frame(folder: Path) -> Path:
    """One frame, and a tone of 8 s."""
    return run(folder, "single_frame.mp4", *pattern(length_s=0.04), *tone(length_s=8), *H264, *AAC)


def interlaced(folder: Path) -> Path:
    """25 frames of two fields each second, top field first, in H.264."""
    return run(
        folder, "interlaced.mp4", *pattern(rate="50"), *tone(), "-vf", "tinterlace=interleave_top,setfield=tff",
        "-flags", "+ilme+ildct", "-x264-params", "tff=1", *H264, *AAC,
    )  # fmt: skip


def interlaced_ts(folder: Path) -> Path:
    """Make what a broadcast has: MPEG-2 fields in a transport stream, anamorphic."""
    return run(
        folder, "interlaced.ts", *pattern(size="180x144", rate="50"), *tone(), "-flags", "+ilme+ildct",
        "-vf", "tinterlace=interleave_top,setfield=tff,setsar=64/45", "-c:v", "mpeg2video", "-b:v", "1M", "-c:a", "mp2",
    )  # fmt: skip


def ten_bit(folder: Path) -> Path:
    """H.264 in 10 bits."""
    return run(folder, "ten_bit.mp4", *pattern(), *tone(), *H264, "-pix_fmt", "yuv420p10le", *AAC)


def chroma_422(folder: Path) -> Path:
    """H.264 with colour in 4:2:2."""
    return run(folder, "chroma_422.mp4", *pattern(), *tone(), *H264, "-pix_fmt", "yuv422p", *AAC)


def prores(folder: Path) -> Path:
    """An editing program's file: ProRes HQ, 4:2:2 in 10 bits, with PCM."""
    codec = ("-c:v", "prores_ks", "-profile:v", "hq", "-pix_fmt", "yuv422p10le", "-c:a", "pcm_s16le")
    return run(folder, "prores.mov", *pattern(length_s=2), *tone(length_s=2), *codec)


def transparent(folder: Path) -> Path:
    """PNG frames with an alpha channel in MOV."""
    filters = "format=rgba,colorchannelmixer=aa=0.5"
    return run(
        folder,
        "transparent.mov",
        *pattern(length_s=2),
        *tone(length_s=2),
        "-vf",
        filters,
        "-c:v",
        "png",
        "-c:a",
        "pcm_s16le",
    )


def hdr10(folder: Path) -> Path:
    """HEVC Main 10 tagged PQ and BT.2020."""
    return _hdr(folder, "hdr10.mp4", "smpte2084", "hdr10=1:max-cll=1000,400")


def hlg(folder: Path) -> Path:
    """HEVC Main 10 tagged HLG and BT.2020."""
    return _hdr(folder, "hlg.mp4", "arib-std-b67", "hdr10=0")


def _hdr(folder: Path, name: str, transfer: str, more: str) -> Path:
    tags = ("-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc")
    x265 = f"log-level=error:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc:{more}"
    filters = f"setparams=color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc"
    return run(folder, name, *pattern(), *tone(), "-vf", filters, *TEN_BIT_HEVC, *tags, "-x265-params", x265, *AAC)


def surround(folder: Path) -> Path:
    """5.1 audio, another tone in each channel."""
    tones = "|".join(f"0.1*sin({110 * n}*2*PI*t)" for n in range(1, 7))
    source = ("-f", "lavfi", "-i", f"aevalsrc={tones}:c=5.1:s=48000:d={LENGTH_S}")
    return run(folder, "surround.mp4", *pattern(), *source, *H264, *AAC)


def audio_tracks(folder: Path) -> Path:
    """Three audio tracks: English, German (marked as the one to play), and one without a language but with a title."""
    return run(
        folder, "audio_tracks.mkv", *pattern(), *tone(), *tone(frequency_hz=660), *tone(frequency_hz=880),
        *H264, *AAC, "-map", "0", "-map", "1", "-map", "2", "-map", "3",
        "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=ger", "-metadata:s:a:2", "title=Commentary",
        "-disposition:a:0", "0", "-disposition:a:1", "default", "-disposition:a:2", "0",
    )  # fmt: skip


def audio_longer(folder: Path) -> Path:
    """The audio goes on for 2 s after the video."""
    return run(folder, "audio_longer.mp4", *pattern(), *tone(length_s=LENGTH_S + 2), *H264, *AAC)


def audio_shorter(folder: Path) -> Path:
    """The audio ends half-way."""
    return run(folder, "audio_shorter.mp4", *pattern(), *tone(length_s=LENGTH_S / 2), *H264, *AAC)


def audio_later(folder: Path) -> Path:
    """The audio begins 1.5 s after the video."""
    return run(folder, "audio_later.mkv", *pattern(), "-itsoffset", "1.5", *tone(length_s=LENGTH_S - 1.5), *H264, *AAC)


def video_later(folder: Path) -> Path:
    """The video begins 1 s after the audio."""
    return run(folder, "picture_later.mkv", "-itsoffset", "1", *pattern(length_s=LENGTH_S - 1), *tone(), *H264, *AAC)


def silent(folder: Path) -> Path:
    """No audio."""
    return run(folder, "silent.mp4", *pattern(), *H264)


def audio_only(folder: Path) -> Path:
    """No video: AAC in MPEG-4."""
    return run(folder, "audio_only.m4a", *tone(length_s=8), *AAC)


def mp3_with_cover(folder: Path) -> Path:
    """No video but a cover."""
    cover = _cover(folder)
    maps = ("-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v", "attached_pic")
    return run(folder, "song.mp3", *tone(length_s=8), "-i", str(cover), *maps, "-c:a", "libmp3lame", "-b:a", "64k")


def mp4_with_cover(folder: Path) -> Path:
    """A cover, larger than the video and before it, beside the video."""
    film, cover = run(folder, "film.mp4", *pattern(), *tone(), *H264, *AAC), _cover(folder)
    maps = ("-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0", "attached_pic")
    return run(folder, "with_cover.mp4", "-i", str(cover), "-i", str(film), *maps)


def _cover(folder: Path) -> Path:
    return run(folder, "cover.jpg", *pattern(size="400x400", length_s=1), "-frames:v", "1", "-update", "1")


def half_second(folder: Path) -> Path:
    """Half a second."""
    return run(folder, "half_second.mp4", *pattern(length_s=0.5), *tone(length_s=0.5), *H264, *AAC)


def attachments(folder: Path) -> Path:
    """Subtitles with the font that they ask for, and a text, attached."""
    font, notes, lines = folder / "font.ttf", folder / "notes.txt", folder / "lines.srt"
    font.write_bytes(bytes(2000))
    notes.write_text("Notes of the author.\n")
    lines.write_text("1\n00:00:00,500 --> 00:00:02,000\nHello\n")
    return run(
        folder, "attachments.mkv", *pattern(), *tone(), "-i", str(lines), "-map", "0", "-map", "1", "-map", "2",
        "-attach", str(font), "-metadata:s:t:0", "mimetype=font/ttf",
        "-attach", str(notes), "-metadata:s:t:1", "mimetype=text/plain",
        *H264, *AAC,
    )  # fmt: skip


def avi_mpeg4(folder: Path) -> Path:
    """An old film: MPEG-4 part 2 with packed B-frames, and MP3."""
    codec = ("-c:v", "libxvid", "-bf", "2", "-b:v", "500k", "-c:a", "libmp3lame", "-b:a", "64k")
    return run(folder, "mpeg4.avi", *pattern(), *tone(), *codec)


def avi_mjpeg(folder: Path) -> Path:
    """An old camera: Motion JPEG and PCM."""
    codec = ("-c:v", "mjpeg", "-pix_fmt", "yuvj422p", "-q:v", "5", "-c:a", "pcm_s16le")
    return run(folder, "mjpeg.avi", *pattern(), *tone(), *codec)


def windows_media(folder: Path) -> Path:
    """Its container gives every stream the file's length, also an audio track that ends long before."""
    codec = ("-c:v", "wmv2", "-b:v", "500k", "-c:a", "wmav2", "-b:a", "64k")
    return run(folder, "windows_media.wmv", *pattern(), *tone(length_s=LENGTH_S - 1.5), *codec)


def webm(folder: Path) -> Path:
    """VP9 and Opus."""
    return run(folder, "web.webm", *pattern(), *tone(), *VP9)


def webm_recorded(folder: Path) -> Path:
    """What a browser's recorder writes: no duration, no index."""
    return run(folder, "recorded.webm", *pattern(), *tone(), *VP9, "-f", "webm", "-live", "1")


def transport_stream(folder: Path) -> Path:
    """H.264 and AAC in an MPEG transport stream, whose times begin at 1.4 s."""
    return run(folder, "stream.ts", *pattern(), *tone(), *H264, *AAC)


def starts_late(folder: Path) -> Path:
    """Cut out of a longer recording: the first time is 1000 s."""
    return run(folder, "starts_late.ts", *pattern(), *tone(), *H264, *AAC, "-output_ts_offset", "1000")


def starts_between_keyframes(folder: Path) -> Path:
    """Cut out of a stream in the middle of a group of pictures: the first second can't be decoded."""
    whole = run(folder, "whole.ts", *pattern(length_s=5), *tone(length_s=5), *H264, *AAC, "-g", "50", "-bf", "0")
    data = whole.read_bytes()
    cut = folder / "starts_between_keyframes.ts"
    cut.write_bytes(data[len(data) // 5 // 188 * 188 :])
    return cut


def truncated(folder: Path, name: str, *options: str) -> Path:
    """8 s of which the file holds about the first 60 %."""
    whole = run(folder, f"whole_{name}", *pattern(length_s=8), *tone(length_s=8), *H264, *SHORT_GOP, *AAC, *options)
    data = whole.read_bytes()
    cut = folder / name
    cut.write_bytes(data[: len(data) * 6 // 10])
    whole.unlink()
    return cut


def truncated_mp4(folder: Path) -> Path:
    """A download that broke off: the index in front tells of 8 s."""
    return truncated(folder, "truncated.mp4", "-movflags", "+faststart")


def truncated_mkv(folder: Path) -> Path:
    """A download that broke off: the header tells of 8 s, the index is lost."""
    return truncated(folder, "truncated.mkv")


def truncated_ts(folder: Path) -> Path:
    """A recording that broke off: nothing tells how long it was to be."""
    return truncated(folder, "truncated.ts")


def truncated_avi(folder: Path) -> Path:
    """A download that broke off: the header tells of 8 s, the index is lost."""
    return truncated(folder, "truncated.avi", "-c:v", "mpeg4", "-b:v", "500k")


def damaged_middle(folder: Path) -> Path:
    """Some hundred bytes of the video in the middle are overwritten."""
    whole = run(folder, "damaged_middle.mp4", *pattern(length_s=8), *tone(length_s=8), *H264, *SHORT_GOP, *AAC)
    data = bytearray(whole.read_bytes())
    for tenth in (4, 5, 6):
        start = len(data) * tenth // 10
        data[start : start + 400] = bytes(range(200, 0, -1)) * 2
    whole.write_bytes(data)
    return whole


NAMES = {
    "spaces": "a name with  spaces.mp4",
    "quotes": 'it\'s a "quoted" name.mp4',
    "pattern": "100% %03d.mp4",
    "hash": "part #1.mp4",
    "question": "what? &c=1.mp4",
    "dash": "-y.mp4",
    "emoji": "🎬 clap.mp4",
    "colon": "pipe:1|a.mp4",
    "newline": "two\nlines.mp4",
}
"""File names that a shell, a URL or ffmpeg could take for something else."""


def named(name: str) -> Maker:
    """Return the maker of an ordinary clip with that name."""

    def make(folder: Path) -> Path:
        clip = run(folder, "ordinary.mp4", *pattern(length_s=1), *tone(length_s=1), *H264, *AAC)
        return Path(shutil.move(clip, folder / name))

    return make


KINDS: dict[str, Maker] = {
    "plain": plain,
    "rotated": rotated,
    "rotated a little": rotated_a_little,
    "portrait": portrait,
    "anamorphic": anamorphic,
    "anamorphic narrow": anamorphic_narrow,
    "odd size": odd_size,
    "variable rate": variable_rate,
    "120 fps": fps_120,
    "slides": slides,
    "interlaced": interlaced,
    "interlaced ts": interlaced_ts,
    "10 bit": ten_bit,
    "4:2:2": chroma_422,
    "prores": prores,
    "transparent": transparent,
    "hdr10": hdr10,
    "hlg": hlg,
    "surround": surround,
    "audio tracks": audio_tracks,
    "audio longer": audio_longer,
    "audio shorter": audio_shorter,
    "audio later": audio_later,
    "video later": video_later,
    "silent": silent,
    "audio only": audio_only,
    "mp3 with cover": mp3_with_cover,
    "mp4 with cover": mp4_with_cover,
    "half second": half_second,
    "attachments": attachments,
    "avi mpeg4": avi_mpeg4,
    "avi mjpeg": avi_mjpeg,
    "windows media": windows_media,
    "webm": webm,
    "webm recorded": webm_recorded,
    "ts": transport_stream,
    "starts late": starts_late,
    "starts between keyframes": starts_between_keyframes,
    "truncated mp4": truncated_mp4,
    "truncated mkv": truncated_mkv,
    "truncated ts": truncated_ts,
    "truncated avi": truncated_avi,
    "damaged middle": damaged_middle,
    **{f"named with {what}": named(name) for what, name in NAMES.items()},
}


SLOW_KINDS: dict[str, Maker] = {
    "slow slides": slow_slides,
    "slow slides, silent": slow_slides_silent,
    "single frame": single_frame,
}
"""Kinds with hardly a frame, of which little can be compared."""


class SourceClips:
    """Makes each kind of clip once, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Path] = {}

    def __call__(self, kind: str) -> Path:
        """Return the clip of that kind. Several tests share it, so it must not be changed."""
        if kind not in self._made:
            folder = self._folder / str(len(self._made))
            folder.mkdir()
            self._made[kind] = (KINDS | SLOW_KINDS)[kind](folder)
        return self._made[kind]
