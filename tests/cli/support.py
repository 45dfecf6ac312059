"""Ads made by hand, a store that holds them, and ways to query it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from typer.testing import Result

from navfeed.model import DetailDecision, FeedCursor, Reason
from navfeed.store.writer import Store
from navfeed.wire.detail import read_content
from support.clock import NOW
from support.shell import invoke
from support.warm import navfeed_command

UNSAFE = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    r"\U000e0000-\U000e0fff]"
)
"""What must not reach a terminal (line feeds aside)."""

Fields = dict[str, Any]


def uuid_of(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


def place(municipal: str | None, county: str | None = None, **more: str | None) -> Fields:
    return {
        "country": "NORGE",
        "address": None,
        "city": municipal,
        "postalCode": "5003",
        "county": county,
        "municipal": municipal,
        **more,
    }


def ad(number: int, **fields: object) -> Fields:
    """An `ad_content` in NAV's own field names."""
    return {
        "uuid": uuid_of(number),
        "published": "2026-11-10T09:00:00+01:00",
        "expires": "2026-12-10T23:59:59+01:00",
        "updated": "2026-11-11T09:00:00+01:00",
        "workLocations": [place("BERGEN", "VESTLAND", address="Storgata 1")],
        "contactList": [
            {
                "name": "Kari Nordmann",
                "email": "kari@sykehjem.example",
                "phone": "19 00 00 01",
                "role": None,
                "title": "Avdelingsleder",
            }
        ],
        "title": "Sykepleier natt",
        "description": "<p>Vi søker <b>syke</b>pleier.</p><ul><li>Turnus</li></ul>",
        "sourceurl": "https://sykehjem.example/stilling/1",
        "source": "IMPORTAPI",
        "applicationUrl": "https://sykehjem.example/sok/1",
        "applicationDue": "2026-12-10T00:00:00",
        "occupationCategories": [{"level1": "Helse og sosial", "level2": "Sykepleier"}],
        "categoryList": [
            {
                "categoryType": "STYRK08",
                "code": "2223",
                "name": "Sykepleiere",
                "description": None,
                "score": 0.9,
            }
        ],
        "jobtitle": "Nattsykepleier",
        "link": f"https://arbeidsplassen.nav.no/stillinger/stilling/{uuid_of(number)}",
        "employer": {
            "name": "Bergen kommune, Fana sykehjem",
            "orgnr": "300000019",
            "description": "<p>Et godt sted å være.</p>",
            "homepage": "https://sykehjem.example",
        },
        "engagementtype": "Fast",
        "extent": "Heltid",
        "starttime": "2027-01-04T00:00:00",
        "positioncount": "2",
        "sector": "Offentlig",
        **fields,
    }


def store_ads(store: Store, ads: Iterable[Fields | str], now: datetime = NOW) -> None:
    """Store ads as a sync would; a text is one just as NAV served it."""
    texts = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in ads]
    decisions = [
        DetailDecision(json.loads(text)["uuid"], Reason.NEW, read_content(text)) for text in texts
    ]
    store.commit_details(decisions, [], now)


def fill(path: Path, *ads: Fields | str) -> Path:
    """A store with these ads, caught up now; without ads, one that knows nothing yet.

    New stores with the same ads are copies of one, with its id: each takes 0.2 ms instead of 8.
    """
    if path.exists() or not path.parent.exists():
        return add_ads(path, *ads)
    path.touch(mode=0o600)
    path.write_bytes(_file_with(json.dumps(ads)))
    return path


@lru_cache(maxsize=16)
def _file_with(ads: str) -> bytes:
    with TemporaryDirectory() as folder:
        return add_ads(Path(folder) / "navfeed.db", *json.loads(ads)).read_bytes()


def add_ads(path: Path, *ads: Fields | str) -> Path:
    """The same, in the store that is there or a new one with an id of its own."""
    with Store(path) as store:
        store_ads(store, ads)
        if ads:
            store.end_walk(FeedCursor(), [])
            store.caught_up(NOW)
    return path


def run_command(db: Path, *arguments: str) -> Result:
    """Run a command in this process, where the clock can be set."""
    return invoke([*arguments, "--db", str(db)])


def answer(db: Path, *arguments: str) -> str:
    """What a command that must succeed writes on stdout."""
    result = run_command(db, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout_bytes.decode()


def process(
    *arguments: str, stdin: bytes | None = None, **environ: str
) -> subprocess.CompletedProcess[bytes]:
    """Run navfeed as a process of its own."""
    return subprocess.run(
        navfeed_command(*arguments),
        capture_output=True,
        check=False,
        input=stdin,
        env={**os.environ, **environ},
        timeout=60,
    )
