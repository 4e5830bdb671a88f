"""The videos of the user guide's pictures: lectures with slides, a spoken one, a broken one. Knows no window."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from pipeline.media.ffmpeg.process import find_ffmpeg

SPOKEN = Path(__file__).resolve().parents[1] / "samples" / "welcome.mp4"

LECTURES = {"Vectors.mp4": 20, "The dot product.mp4": 60, "Matrices.mp4": 50}
"""The videos of the list, and their lengths in seconds."""


def make_videos(folder: Path) -> None:
    """Make the videos: the shipped sample, which is spoken, and slides that change every ten seconds."""
    folder.mkdir()
    shutil.copy(SPOKEN, folder / "Welcome.mp4")
    for name, length_s in LECTURES.items():
        slides = folder / "slides"
        slides.mkdir()
        for number in range(length_s // 10):
            draw_slide(slides / f"{number}.png", name.removesuffix(".mp4"), number + 1)
        picture = ["-framerate", "1/10", "-i", f"{slides}/%d.png"]
        tone = ["-f", "lavfi", "-i", "anoisesrc=amplitude=0.002"]
        size = ["-r", "25", "-s", "1280x720", "-pix_fmt", "yuv420p"]
        coding = [*size, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"]
        argv = [str(find_ffmpeg("")), "-v", "error", *picture, *tone, *coding, "-t", str(length_s), str(folder / name)]
        subprocess.run(argv, check=True)
        shutil.rmtree(slides)
    (folder / "Broken.mp4").write_bytes((folder / "Vectors.mp4").read_bytes()[:20_000])


def draw_slide(path: Path, title: str, number: int) -> None:
    """Draw a slide of a lecture."""
    from PIL import Image, ImageDraw, ImageFont

    slide = Image.new("RGB", (1920, 1080), "#f4f1e8")
    pen = ImageDraw.Draw(slide)
    pen.rectangle((0, 0, 1920, 190), fill="#1f3a5f")
    pen.text((90, 50), title, fill="white", font=ImageFont.load_default(90))
    for line in range(number):
        pen.ellipse((110, 300 + 120 * line, 140, 330 + 120 * line), fill="#c0392b")
        pen.text((180, 280 + 120 * line), f"Step {line + 1}", fill="#222222", font=ImageFont.load_default(60))
    pen.line((1050, 900, 1050 + 110 * number, 900 - 90 * number), fill="#1f3a5f", width=14)
    slide.save(path)
