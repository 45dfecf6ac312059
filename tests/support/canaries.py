"""Words that identify whose text they are, and a search for them in all files of a folder.

One word for each ad, revision and field. A full-text index leaves out of a word what it shares with
the word before, so each begins with what no other has, and has the rest after that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

Canary = tuple[int, int, str]
"""Whose text: the number of an ad, its revision, the field."""

_CALL = re.compile(rb"q(\d+)q(\d+)q([a-z]+)q([0-9a-f]{6})kanari")


def canary(ad: int, revision: int, field: str) -> str:
    """Begin and end with a digest: where pages meet, the tail of one word can look like another."""
    ring = f"q{ad}q{revision}q{field}q"
    digest = blake2b(ring.encode(), digest_size=9).hexdigest()
    return f"{digest[6:]}{ring}{digest[:6]}kanari"


def canary_content(ad: int, revision: int) -> dict[str, Any]:
    """Fields of `ad_content` with a canary in each that holds text, names or links."""
    word = {field: canary(ad, revision, field) for field in FIELDS}
    return {
        "title": f"Sykepleier {word['title']}",
        "jobtitle": word["jobtitle"],
        "description": f"<p>Ring <b>{word['description']}</b> {_prose(ad, revision)}</p>",
        "employer": {
            "name": f"{word['employer']} sykehjem",
            "orgnr": "300000019",
            "description": f"<p>{word['about']}</p>" + "Vi er mange. " * (ad % 60),
            "homepage": f"https://{word['homepage']}.example",
        },
        "contactList": [
            {
                "name": f"Kari {word['name']}",
                "email": f"{word['email']}{at}@sykehjem.example",
                "phone": f"19{word['phone']}",
                "role": None,
                "title": word["role"],
            }
            for at in range(1 + ad % 4)
        ],
        "workLocations": [
            {
                "country": "NORGE",
                "address": word["address"],
                "city": "Bergen",
                "postalCode": "5003",
                "county": "VESTLAND",
                "municipal": "BERGEN",
            }
        ],
        "applicationUrl": f"https://sykehjem.example/{word['application']}",
        "sourceurl": f"https://sykehjem.example/{word['source']}",
        "link": f"https://arbeidsplassen.nav.no/{word['link']}",
    }


FIELDS = (
    *("title", "jobtitle", "description", "employer", "about", "homepage"),
    *("name", "email", "phone", "role", "address", "application", "source", "link"),
)

_WORDS = [
    "natt",
    "turnus",
    "omsorg",
    "erfaring",
    "fagbrev",
    "kommune",
    "bolig",
    "ansvar",
    "lønn",
    "fjord",
    "måler",
    "maler",
]


def _prose(ad: int, revision: int) -> str:
    """From a line to some pages, as the descriptions of ads are."""
    at = ad * 7 + revision
    return " ".join(_WORDS[(at + n * n) % len(_WORDS)] for n in range(at % 23 * 40))


def find_canaries(folder: Path) -> set[Canary]:
    """Every canary in any file of the folder, also backwards, as in `title_words`."""
    texts = (file.read_bytes() for file in folder.iterdir())
    return {ring for text in texts for way in (text, text[::-1]) for ring in _canaries(way)}


def _canaries(text: bytes) -> Iterator[Canary]:
    for ad, revision, field, digest in _CALL.findall(text):
        ring = int(ad), int(revision), field.decode()
        if f"q{digest.decode()}kanari" in canary(*ring):
            yield ring
