"""Small videos of ordinary pictures that tests make themselves, with PyAV."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from PIL import Image

av: Any = pytest.importorskip("av", reason="the extra video is not installed")
SIZE = (480, 360)
_PIXELS = {"mjpeg": "yuvj420p", "rawvideo": "uyvy422"}


def video(
    pictures: Iterable[Image.Image],
    format: str = "mp4",  # noqa: A002
    codec: str = "mpeg4",
    *,
    rate: int = 10,
    seconds: float = 1,
    size: tuple[int, int] = SIZE,
    sound: bool = False,
    **options: str,
) -> bytes:
    """A video that shows each picture for so many seconds."""
    file = io.BytesIO()
    with av.open(file, "w", format=format, options=options) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, _PIXELS.get(codec, "yuv420p")
        stream.bit_rate = 4_000_000
        if sound:
            _add_sound(container, seconds)
        for picture in pictures:
            for _ in range(round(rate * seconds)):
                frame = av.VideoFrame.from_ndarray(np.asarray(picture.resize(size).convert("RGB")), format="rgb24")
                container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


def sound(format: str = "mp4", codec: str = "aac") -> bytes:  # noqa: A002
    """A file of one second of silence, without pictures."""
    file = io.BytesIO()
    with av.open(file, "w", format=format) as container:
        _add_sound(container, 1, codec)
    return file.getvalue()


def _add_sound(container: Any, seconds: float, codec: str = "aac") -> None:
    stream = container.add_stream(codec, rate=48000, layout="mono")
    samples = np.zeros((1, round(48000 * seconds)), np.float32)
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
    frame.sample_rate = 48000
    container.mux(stream.encode(frame))
    container.mux(stream.encode())
