"""Scans made of PDF files whose text is known: their pages as pictures, a little askew, with the grain of a scanner."""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium  # type: ignore[import-untyped, unused-ignore]  # it has no types
import pytest
from PIL import Image

_WHITE = 255
_POINTS = 72


def need_tesseract(*languages: str) -> None:
    """Skip where Debian's Tesseract, or one of these languages of it, is not installed; English comes with it."""
    packages = ["tesseract-ocr", *(f"tesseract-ocr-{name}" for name in languages)]
    data = [f"/usr/share/tesseract-ocr/5/tessdata/{name}.traineddata" for name in ("eng", *languages)]
    if not shutil.which("tesseract") or not all(Path(file).is_file() for file in data):
        pytest.skip(f"the Debian package {' or '.join(packages)} is not installed")


def pictures_of(
    pdf: bytes, dots_per_inch: int, *, skew: float = 0.0, grain: float = 0.0, turned: int = 0, seed: int = 1
) -> list[Image.Image]:
    """The pages in grey, each turned by up to `skew` degrees either way, `grain` shades of noise on it.

    `turned` are degrees that the whole page is turned by, against the clock: 90 for one that lies on its side.
    """
    chance = np.random.default_rng(seed)
    pages = []
    document = pdfium.PdfDocument(pdf)
    try:
        for page in document:
            picture = page.render(scale=dots_per_inch / _POINTS).to_pil().convert("L")
            angle = float(chance.uniform(-skew, skew))
            if angle:
                picture = picture.rotate(angle, resample=Image.Resampling.BICUBIC, fillcolor=_WHITE)
            if turned:
                picture = picture.rotate(turned, expand=True)
            if grain:
                shades = np.asarray(picture, dtype=np.float64)
                shades = shades + chance.normal(0, grain, shades.shape)
                picture = Image.fromarray(np.clip(shades, 0, _WHITE).astype(np.uint8))
            pages.append(picture)
    finally:
        document.close()
    return pages


def file_of(pictures: Sequence[Image.Image], kind: str, dots_per_inch: int) -> bytes:
    """The pictures in one file of this kind: PDF, TIFF, or of the first one alone PNG or JPEG."""
    file = io.BytesIO()
    first, *others = pictures
    several = {"save_all": True, "append_images": others} if kind in ("PDF", "TIFF") else {}
    resolution = {"resolution": dots_per_inch} if kind == "PDF" else {"dpi": (dots_per_inch, dots_per_inch)}
    first.save(file, kind, **several, **resolution)
    return file.getvalue()
