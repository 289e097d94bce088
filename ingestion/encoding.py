"""Text that claims to be UTF-8: pass it on, and mark what is not.

A byte that is no UTF-8 would cost the whole CSV file, for Arrow's reader stops at it. Here it
becomes U+FDD0, a code point that Unicode promises never to assign, so that the rows which hold it,
and only they, can be found and quarantined.
"""

import codecs
import io

import pyarrow as pa

MARK = "\ufdd0"


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return MARK, error.end


codecs.register_error("ringtrail_mark", _mark)


class Utf8Stream(io.RawIOBase):
    """A readable stream of valid UTF-8.

    ``is_damaged`` once a byte had to be marked; ``quotes`` is how many double quotes have passed,
    an odd number of them at the end meaning that one never closed.
    """

    def __init__(self, raw: pa.NativeFile) -> None:
        self._raw = raw
        self._decoder = codecs.getincrementaldecoder("utf-8")("ringtrail_mark")
        self._is_whole = True
        self.is_damaged = False
        self.quotes = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while True:
            block: bytes = self._raw.read(None if size < 0 else size)
            self.quotes += block.count(b'"')
            # Most files are plain ASCII: that is seen at the speed of memory, decoding is not.
            if self._is_whole and block.isascii():
                return block
            text = self._decoder.decode(block, final=not block)
            self._is_whole = not self._decoder.getstate()[0]
            self.is_damaged = self.is_damaged or MARK in text
            if text or not block:
                return text.encode()
