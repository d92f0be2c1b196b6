"""Tesseract's library, called through its C interface; nothing else here knows of it.

Debian's package brings the library and the languages, so that both get its security updates, and nothing of it is
installed by pip. It runs inside the reading process, where no file can be written and no program started. What is
called here is the same in versions 4 and 5.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.errors import UnreadableDocument
from rag.read.canonical import clean_text
from rag.read.ocr.straighten import FoundLine, FoundWord

Grey = npt.NDArray[np.uint8]

_LIBRARIES = ("libtesseract.so.5", "libtesseract.so.4", "libtesseract.5.dylib")
# All of them may be read in the reading process. Debian has one folder for each version.
_DATA = ("/usr/share/tesseract-ocr/*/tessdata", "/usr/share/tessdata", "/usr/local/share/tessdata")
_SUFFIX = ".traineddata"
_ORIENTATION = "osd"  # the "language" that tells which way up a page is

# enum TessPageSegMode, TessPageIteratorLevel
_WITH_ORIENTATION, _AS_IT_STANDS = 1, 3
_LINE, _WORD = 2, 3

_POINTER, _TEXT, _INT = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
_OUT = ctypes.POINTER(ctypes.c_int)
_FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "TessBaseAPICreate": (_POINTER, ()),
    "TessBaseAPIInit3": (_INT, (_POINTER, _TEXT, _TEXT)),
    "TessBaseAPISetPageSegMode": (None, (_POINTER, _INT)),
    "TessBaseAPISetImage": (None, (_POINTER, _POINTER, _INT, _INT, _INT, _INT)),
    "TessBaseAPISetSourceResolution": (None, (_POINTER, _INT)),
    "TessBaseAPIRecognize": (_INT, (_POINTER, _POINTER)),
    "TessBaseAPIGetIterator": (_POINTER, (_POINTER,)),
    "TessBaseAPIClear": (None, (_POINTER,)),
    "TessBaseAPIClearAdaptiveClassifier": (None, (_POINTER,)),
    "TessDeleteText": (None, (_POINTER,)),
    "TessResultIteratorDelete": (None, (_POINTER,)),
    "TessResultIteratorNext": (_INT, (_POINTER, _INT)),
    "TessResultIteratorGetUTF8Text": (_POINTER, (_POINTER, _INT)),
    "TessResultIteratorConfidence": (ctypes.c_float, (_POINTER, _INT)),
    "TessResultIteratorWordFontAttributes": (_TEXT, (_POINTER, *[_OUT] * 8)),
    "TessPageIteratorIsAtBeginningOf": (_INT, (_POINTER, _INT)),
    "TessPageIteratorBoundingBox": (_INT, (_POINTER, _INT, *[_OUT] * 4)),
    "TessPageIteratorBaseline": (_INT, (_POINTER, _INT, *[_OUT] * 4)),
    "TessPageIteratorOrientation": (None, (_POINTER, *[_OUT] * 3, ctypes.POINTER(ctypes.c_float))),
}


def missing(languages: str) -> str:
    """What has to be installed before text in these languages, "eng+deu", can be recognised; "" where all is there."""
    lacking = [name for name in languages.split("+") if _data_of(languages, name) is None]
    if not lacking:
        return ""
    packages = ["tesseract-ocr", *(f"tesseract-ocr-{name.lower().replace('_', '-')}" for name in lacking)]
    return f"Tesseract has no {' or '.join(lacking)} here; install it, on Debian as {' '.join(packages)}"


def find_lines(pixels: Grey, dots_per_inch: int, languages: str) -> list[FoundLine]:
    """The lines on a picture of a page, shape (height, width), in reading order.

    A page that stands on its side or head is told as such where the data for that are installed. Raises
    UnreadableDocument where Tesseract or one of the languages is missing.
    """
    library, handle, has_orientation = _opened(languages)
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape
    library.TessBaseAPIClearAdaptiveClassifier(handle)  # a page reads the same after any other
    library.TessBaseAPISetPageSegMode(handle, _WITH_ORIENTATION if has_orientation else _AS_IT_STANDS)
    library.TessBaseAPISetImage(handle, pixels.ctypes.data, width, height, 1, width)
    library.TessBaseAPISetSourceResolution(handle, dots_per_inch)
    try:
        if library.TessBaseAPIRecognize(handle, None) != 0:
            return []
        found = library.TessBaseAPIGetIterator(handle)
        if not found:
            return []
        try:
            return list(_lines(library, found))
        finally:
            library.TessResultIteratorDelete(found)
    finally:
        library.TessBaseAPIClear(handle)


def _lines(library: Any, found: int) -> Iterator[FoundLine]:
    """The lines of a result that have words."""
    where = [ctypes.c_int() for _ in range(8)]
    pointers = [ctypes.byref(number) for number in where]
    slope = ctypes.c_float()
    line: FoundLine | None = None
    while True:
        if line is None or library.TessPageIteratorIsAtBeginningOf(found, _LINE):
            if line is not None and line.words:
                yield line
            library.TessPageIteratorBaseline(found, _LINE, *pointers[:4])
            baseline = where[0].value, where[1].value, where[2].value, where[3].value
            library.TessPageIteratorOrientation(found, *pointers[:3], ctypes.byref(slope))
            turned = where[0].value
            library.TessResultIteratorWordFontAttributes(found, *pointers)
            line = FoundLine(baseline, turned, where[6].value, [])
        text = _text(library, found)
        if text and library.TessPageIteratorBoundingBox(found, _WORD, *pointers[:4]):
            box = where[0].value, where[1].value, where[2].value, where[3].value
            line.words.append(FoundWord(text, library.TessResultIteratorConfidence(found, _WORD) / 100, box))
        if not library.TessResultIteratorNext(found, _WORD):
            break
    if line.words:
        yield line


def _text(library: Any, found: int) -> str:
    """The word at hand, canonical; "" where there is none."""
    pointer = library.TessResultIteratorGetUTF8Text(found, _WORD)
    if not pointer:
        return ""
    try:
        return "".join(clean_text(ctypes.string_at(pointer).decode("utf-8", "replace"))[0].split())
    finally:
        library.TessDeleteText(pointer)


@cache
def _opened(languages: str) -> tuple[Any, int, bool]:
    """The library, a handle for these languages, and whether it can tell which way up a page is."""
    if said := missing(languages):
        raise UnreadableDocument(said)
    folder = _data_of(languages, languages.split("+")[0])
    library = _library()
    handle = library.TessBaseAPICreate()
    if folder is None or library.TessBaseAPIInit3(handle, str(folder).encode(), languages.encode()) != 0:
        raise UnreadableDocument(f"Tesseract cannot be started with the languages {languages}; install it anew")
    return library, handle, (folder / f"{_ORIENTATION}{_SUFFIX}").is_file()


def _library() -> Any:
    for name in _LIBRARIES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        for function, (result, arguments) in _FUNCTIONS.items():
            called = getattr(library, function)
            called.restype, called.argtypes = result, arguments
        return library
    raise UnreadableDocument("the library of Tesseract is missing; install it, on Debian as tesseract-ocr")


def _data_of(languages: str, name: str) -> Path | None:
    """The folder with the data of one of the languages: the first folder that has all of them, else one that has it."""
    folders = [folder for place in _DATA for folder in sorted(Path("/").glob(place.removeprefix("/")), reverse=True)]
    having = [folder for folder in folders if (folder / f"{name}{_SUFFIX}").is_file()]
    of_all = [f for f in having if all((f / f"{one}{_SUFFIX}").is_file() for one in languages.split("+"))]
    return next(iter(of_all or having), None)
