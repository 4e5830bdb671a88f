#!/usr/bin/env python3
"""Makes welcome.mp4, the clip that `demo` converts: moving pictures and words that the model beside it knows.

    samples/make_clip.py [OUTPUT]

Needs espeak-ng and the DejaVu fonts besides the product's own packages. Using the clip needs neither.
The phrases are those of welcome.txt, one a line; commas make the voice speak a word apart.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

HERE = Path(__file__).resolve().parent
FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf")
MONO = Path("/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf")
VOICE = ("-v", "en-us+m7", "-s", "140", "-p", "50")
DURATION_S = 14
FRAME_RATE = 25
KEYFRAME_S = 2
BALL = 150
"""Width of the moving balls in pixels; 30 of them are a soft edge, which costs fewer bits than a hard one."""


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """What is said and shown from `start_s` on."""

    start_s: float
    spoken: str
    shown: str


PHRASES = (
    Phrase(start_s=0.8, spoken="welcome, lesson one", shown="Welcome · Lesson one"),
    Phrase(start_s=4.1, spoken="chapter seven", shown="Chapter seven"),
    Phrase(start_s=7.5, spoken="video, camera, five", shown="Video · Camera five"),
    Phrase(start_s=11.2, spoken="thank you, the, end", shown="Thank you · The end"),
)
SHOWN_S = 2.7
"""How long a title stays on the screen."""


def speak(folder: Path) -> list[Path]:
    """Speak each phrase into a WAV file of its own."""
    files = []
    for number, phrase in enumerate(PHRASES):
        file = folder / f"phrase_{number}.wav"
        subprocess.run(["espeak-ng", *VOICE, "-w", str(file), phrase.spoken], check=True)
        files.append(file)
    return files


def ball(label: str, colour: str) -> str:
    """A filter chain that draws one soft-edged ball and repeats it for ever."""
    middle = BALL / 2
    red, green, blue = (int(colour[i : i + 2], 16) for i in (0, 2, 4))
    alpha = f"clip(({middle}-hypot(X-{middle},Y-{middle}))*6,0,170)"
    return (
        f"color=c=black:s={BALL}x{BALL}:r={FRAME_RATE}:d=1,format=rgba,"
        f"geq=r={red}:g={green}:b={blue}:a='{alpha}',trim=end_frame=1,loop=-1:1,setpts=N/({FRAME_RATE}*TB)[{label}]"
    )


def titles() -> str:
    """The drawtext filters: a title while its phrase is spoken, fading in and out, and a running timecode."""
    drawn = []
    for phrase in PHRASES:
        start, end = phrase.start_s - 0.3, phrase.start_s - 0.3 + SHOWN_S
        fade = f"min(1,min((t-{start:.2f})/0.3,({end:.2f}-t)/0.3))"
        drawn.append(
            f"drawtext=fontfile={FONT}:text='{phrase.shown}':fontsize=76:fontcolor=white:"
            "shadowcolor=black@0.4:shadowx=3:shadowy=3:"
            f"x=(w-text_w)/2:y=(h-text_h)/2-30:alpha='{fade}':enable='between(t,{start:.2f},{end:.2f})'"
        )
    drawn.append(
        f"drawtext=fontfile={MONO}:timecode='00\\:00\\:00\\:00':rate={FRAME_RATE}:fontsize=34:"
        "fontcolor=white@0.85:x=(w-text_w)/2:y=h-84"
    )
    return ",".join(drawn)


def filter_graph() -> str:
    """The whole video and its audio as one ffmpeg filter graph; the inputs are the spoken phrases."""
    video = [
        (
            f"gradients=s=1280x720:r={FRAME_RATE}:d={DURATION_S}:n=3:c0=0x14213d:c1=0x3a0ca3:c2=0x0f766e:"
            "speed=0.008:seed=7,format=rgba[sky]"
        ),
        ball("b1", "f72585"),
        ball("b2", "4cc9f0"),
        ball("b3", "ffd166"),
        "[sky][b1]overlay=x='(W-w)/2+sin(t*0.9)*480':y='(H-h)/2+sin(t*1.8)*200':shortest=1[s1]",
        "[s1][b2]overlay=x='(W-w)/2+sin(t*0.9+2.1)*480':y='(H-h)/2+sin(t*1.8+4.2)*200':shortest=1[s2]",
        "[s2][b3]overlay=x='(W-w)/2+sin(t*0.9+4.2)*480':y='(H-h)/2+sin(t*1.8+8.4)*200':shortest=1[s3]",
        f"[s3]drawbox=x=0:y=ih-16:w=iw:h=16:color=black@0.35:t=fill,{titles()},format=yuv420p[picture]",
    ]
    delayed = [f"[{n}:a]aresample=48000,adelay={round(p.start_s * 1000)}:all=1[v{n}]" for n, p in enumerate(PHRASES)]
    voices = "".join(f"[v{n}]" for n in range(len(PHRASES)))
    audio = (
        f"{voices}amix=inputs={len(PHRASES)}:normalize=0,apad,atrim=duration={DURATION_S},"
        "aformat=channel_layouts=stereo[sound]"
    )
    return ";".join([*video, *delayed, audio])


def encode(voices: list[Path], output: Path) -> None:
    """Join video and audio in an MP4 that starts playing before it is wholly loaded."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-hide_banner", "-loglevel", "error", "-nostdin"]
    for voice in voices:
        command += ["-i", str(voice)]
    command += ["-filter_complex", filter_graph(), "-map", "[picture]", "-map", "[sound]", "-t", str(DURATION_S)]
    command += ["-c:v", "libx264", "-preset", "veryslow", "-crf", "25", "-profile:v", "high", "-pix_fmt", "yuv420p"]
    command += ["-g", str(FRAME_RATE * KEYFRAME_S), "-sc_threshold", "0"]  # a keyframe every two seconds, nowhere else
    command += ["-c:a", "aac", "-b:a", "96k", "-ar", "48000", "-movflags", "+faststart"]
    # the same file each time
    command += ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"]
    subprocess.run([*command, str(output)], check=True)


def main() -> None:
    """Make the clip and the list of the words in it."""
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "welcome.mp4"
    with tempfile.TemporaryDirectory() as folder:
        encode(speak(Path(folder)), output)
    words = "".join(phrase.spoken.replace(",", "") + "\n" for phrase in PHRASES)
    output.with_suffix(".txt").write_text(words, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
