"""Pictures of videos that stand in a box."""

from __future__ import annotations

import tkinter
from io import BytesIO

from PIL import Image, ImageOps, ImageTk

Picture = tkinter.PhotoImage | ImageTk.PhotoImage


def sized_picture(master: tkinter.Misc, content: bytes, box: tuple[int, int]) -> Picture:
    """Return a PNG as large as a box of pixels has room for, in its own shape."""
    picture = Image.open(BytesIO(content))
    if picture.width <= box[0] and picture.height <= box[1] and (picture.width == box[0] or picture.height == box[1]):
        return tkinter.PhotoImage(master=master, data=content)
    return ImageTk.PhotoImage(ImageOps.contain(picture, box), master=master)
