"""Zero what SQLite leaves behind in the free space of its pages.

`secure_delete` overwrites a deleted row where it lies. But before that, the row may have moved to
another page of its tree, and SQLite leaves the bytes where it was: free space of a page that stays
in use. A row in a hundred survives its deletion like that (decision 0011). The layout of pages is
documented, stable and simple: https://www.sqlite.org/fileformat2.html#b_tree_pages.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from navfeed.errors import StoreError

CHUNK_PAGES = 2_048

_FILE_HEADER = 100
_INTERIOR = frozenset({2, 5})
_TREE = _INTERIOR | {10, 13}
"""What a page of a tree begins with. All others begin with a page's number, of four bytes."""

_MOST_PAGES = min(_TREE) << 24
"""With more pages, a page's number could look like a page of a tree (137 GB of 4 kB)."""


def scrub(file: BinaryIO, numbers: Iterable[int] | None = None) -> int:
    """Zero the free space of every page that has any left to zero; answer how many had.

    Of the pages with these numbers, counted from 1, alone, where there are any. Nobody may write to
    the file meanwhile. Who reads is not disturbed: free space means nothing.
    """
    page_size = _page_size(file)
    zeroed = 0
    for at, pages in _chunks(file, page_size, numbers):
        for start, end in _free(pages, page_size, is_first=at == 0):
            if not start <= end <= (start // page_size + 1) * page_size:
                raise _unsafe(file, "is damaged")
            if pages[start:end] != bytes(end - start):  # `any` looks at each byte
                file.seek(at + start)
                file.write(bytes(end - start))
                zeroed += 1
    return zeroed


def _chunks(
    file: BinaryIO, page_size: int, numbers: Iterable[int] | None
) -> Iterator[tuple[int, bytes]]:
    """The pages, each chunk with the place in the file where it begins."""
    if numbers is None:
        yield from _all_chunks(file, CHUNK_PAGES * page_size)
        return
    for number in sorted(numbers):
        at = (number - 1) * page_size
        file.seek(at)
        if page := file.read(page_size):  # the file may have become shorter
            yield at, page


def _all_chunks(file: BinaryIO, size: int) -> Iterator[tuple[int, bytes]]:
    at = 0
    while True:
        file.seek(at)
        pages = file.read(size)
        if not pages:
            return
        yield at, pages
        at += len(pages)


def _page_size(file: BinaryIO) -> int:
    """The page size of a file whose tree pages are recognisable by their first byte."""
    file.seek(0)
    header = file.read(_FILE_HEADER)
    (size,) = struct.unpack_from(">H", header, 16)
    pages, vacuums = (struct.unpack_from(">I", header, at)[0] for at in (28, 52))
    if vacuums or pages >= _MOST_PAGES:
        raise _unsafe(file, "was rebuilt in a way that keeps navfeed from erasing for good")
    return 65_536 if size == 1 else int(size)


def _unsafe(file: BinaryIO, why: str) -> StoreError:
    return StoreError(
        f"{file.name} {why}. Move it away and run `navfeed sync` to build it again from the feed"
    )


def _free(pages: bytes, page_size: int, *, is_first: bool) -> Iterator[tuple[int, int]]:
    """Where each tree page's free space lies: between its list of cells and the first cell."""
    if is_first:
        yield _gap(pages, 0, _FILE_HEADER)
    for number, kind in enumerate(pages[::page_size]):
        if kind in _TREE:  # which the file's own header is not
            yield _gap(pages, number * page_size, number * page_size)


def _gap(pages: bytes, page: int, header: int) -> tuple[int, int]:
    cells, first = struct.unpack_from(">HH", pages, header + 3)
    width = 12 if pages[header] in _INTERIOR else 8
    return header + width + 2 * cells, page + (first or 65_536)
