"""Unpacks gzip and deflate piece by piece, and never beyond a limit."""

from __future__ import annotations

import zlib

from rag.errors import DocumentTooLarge, FetchFailed

# A page shrinks to a tenth, a log of like lines to a hundredth, a bomb to a thousandth.
MAX_RATIO = 200
# Bytes. What is small may shrink more.
_SMALL = 1_000_000
_GZIP, _ZLIB, _RAW = 31, 15, -15  # zlib's `wbits`
_IDENTITY = ("", "identity")


class Unpacker:
    """Takes the bytes of a body as they come and gives them unpacked. Errors do not name the page."""

    def __init__(self, encoding: str, *, max_bytes: int) -> None:
        """`encoding` is a Content-Encoding in lower case; `max_bytes` holds for what is unpacked.

        Raises FetchFailed for an encoding that was not asked for.
        """
        if encoding not in (*_IDENTITY, "gzip", "x-gzip", "deflate"):
            raise FetchFailed(f"it is packed as {encoding[:40]!r}; gzip, deflate or nothing was asked for")
        self._wbits = _GZIP if "gzip" in encoding else _ZLIB
        self._inflate = None if encoding in _IDENTITY else zlib.decompressobj(self._wbits)
        self._max_bytes = max_bytes
        self._taken = 0
        self._given = 0

    def feed(self, packed: bytes) -> bytes:
        """The next bytes. Raises DocumentTooLarge beyond the limit or the ratio, FetchFailed for damage."""
        self._taken += len(packed)
        # One more than is allowed tells what is too much, and no more than that is ever unpacked.
        unpacked = packed if self._inflate is None else self._unpack(packed, self._max_bytes - self._given + 1)
        self._given += len(unpacked)
        if self._given > max(_SMALL, MAX_RATIO * self._taken):
            raise DocumentTooLarge(
                f"{self._taken:,} bytes of it unpack to more than {MAX_RATIO} times as many; a page is expected to"
                " shrink less"
            )
        if self._given > self._max_bytes:
            raise DocumentTooLarge(
                f"it has more than {self._max_bytes:,} bytes, which are allowed; raise CITEWELL_MAX_DOCUMENT_BYTES"
            )
        return unpacked

    def finish(self) -> None:
        """Raise FetchFailed when the end is missing."""
        if self._inflate is not None and self._taken and not self._inflate.eof:
            raise FetchFailed("it is packed and its end is missing; try again")

    def _unpack(self, packed: bytes, at_most: int) -> bytes:
        unpacked = bytearray()
        while packed and len(unpacked) < at_most:
            if self._inflate is None or self._inflate.eof:  # gzip may have several parts, one behind the other
                self._inflate = zlib.decompressobj(self._wbits)
            try:
                unpacked += self._inflate.decompress(packed, at_most - len(unpacked))
            except zlib.error as error:
                if self._wbits != _ZLIB or self._given or unpacked:
                    raise FetchFailed(f"it is packed and damaged ({error}); try again") from error
                # Some servers leave out the frame that "deflate" has by the book.
                self._wbits = _RAW
                self._inflate = zlib.decompressobj(_RAW)
                continue
            packed = self._inflate.unused_data
        return bytes(unpacked)
