"""Records of speculations: kept until commit() prints them, or discard() has them forgotten.

    speculate(1); printf("a");   commit(1);        the record of printf() is handed on when commit()'s comes
    speculate(2); printf("b");   discard(2);       the record is dropped

The programs in the kernel know which speculations are open, how much they hold, and count what did not fit; here are
only their records (Guide, "Speculative Tracing").
"""

from __future__ import annotations

import struct

from dtrans.artifact import COMMIT_SITE, DISCARD_SITE, RECORD_HEADER, SPECULATION_ID, SPECULATION_RECORD, Artifact
from dtrans.run.output.decode import Buffer, RecordHandler

_SPECULATION_WORD = struct.Struct("<Q")
_ID_MASK = (1 << SPECULATION_ID) - 1
#: How many that are over are remembered: a program on another CPU may still be writing a record of theirs.
_REMEMBERED = 1024
#: How many of one id can be open at a time: a new one may be seen before the record that ends the last.
_OPEN = 8


class Speculations:
    """Stands before what prints records, `handle`, and keeps those of open speculations from it."""

    def __init__(self, artifact: Artifact, handle: RecordHandler) -> None:
        self._handle = handle
        #: Site number -> (offset of the word, size of the record).
        self._sites = {
            number: (site.speculation, site.size)
            for number, site in enumerate(artifact.sites)
            if site.speculation is not None
        }
        #: Records by id and word, oldest first.
        self._kept: dict[int, dict[int, list[bytes]]] = {}
        #: Words of speculations that are over -> whether they were committed.
        self._over: dict[int, bool] = {}

    def handle(self, buffer: Buffer, offset: int) -> None:
        """Takes one record that starts at `offset`."""
        number = RECORD_HEADER.unpack_from(buffer, offset)[0]
        place = self._sites.get(number)
        if place is not None:
            self._keep(buffer, offset, *place)
        elif number in (COMMIT_SITE, DISCARD_SITE):
            self._end(SPECULATION_RECORD.unpack_from(buffer, offset)[3], committed=number == COMMIT_SITE)
        else:
            self._handle(buffer, offset)

    def _keep(self, buffer: Buffer, offset: int, word_at: int, size: int) -> None:
        word: int = _SPECULATION_WORD.unpack_from(buffer, offset + word_at)[0]
        over = self._over.get(word)
        if over is None:
            opened = self._kept.setdefault(word & _ID_MASK, {})
            opened.setdefault(word, []).append(bytes(buffer[offset : offset + size]))
            if len(opened) > _OPEN:
                # The record that ended it was dropped.
                del opened[next(iter(opened))]
        elif over:
            self._handle(buffer, offset)

    def _end(self, word: int, *, committed: bool) -> None:
        records = self._kept.get(word & _ID_MASK, {}).pop(word, ())
        self._over[word] = committed
        if len(self._over) > _REMEMBERED:
            del self._over[next(iter(self._over))]
        if committed:
            for record in records:
                self._handle(record, 0)
