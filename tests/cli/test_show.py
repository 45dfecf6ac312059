"""`navfeed show`."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.support import ad, answer, fill, place, run_command, uuid_of
from cli.terminal import on_terminal


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "navfeed.db"


pytestmark = pytest.mark.usefixtures("noon")

PAGE = f"""\
Sykepleier natt

Bergen kommune, Fana sykehjem
Storgata 1, 5003 BERGEN, VESTLAND, NORGE
5003 ÅS, NORGE

Apply by       2026-12-10
Apply at       https://sykehjem.example/sok/1
Engagement     Fast
Extent         Heltid
Positions      2
Start          2027-01-04
Sector         Offentlig
Published      2026-11-10
Last day       2026-12-10
Id             {uuid_of(1)}
At NAV         https://arbeidsplassen.nav.no/stillinger/stilling/{uuid_of(1)}
Source         https://sykehjem.example/stilling/1

Vi søker sykepleier.

• Turnus

Contacts
• Kari Nordmann, Avdelingsleder, 19 00 00 01, kari@sykehjem.example

About the employer
Et godt sted å være.

Homepage       https://sykehjem.example
"""


def test_a_page(db: Path) -> None:
    places = [place("BERGEN", "VESTLAND", address="Storgata 1"), place("ÅS"), place(None, None)]
    fill(db, ad(1, workLocations=places[:2]), ad(0x10))

    assert answer(db, "show", uuid_of(1)) == PAGE
    assert answer(db, "show", uuid_of(1)[:8]) == PAGE


def test_an_ad_with_next_to_no_content(db: Path) -> None:
    fill(db, f'{{"uuid": "{uuid_of(1)}", "applicationDue": "Snarest", "contactList": [{{}}]}}')

    assert answer(db, "show", uuid_of(1)) == (
        f"(no title)\n\nApply by       Snarest\nId             {uuid_of(1)}\n"
    )


def test_content_as_served(db: Path) -> None:
    served = f'{{ "uuid":"{uuid_of(1)}",\n  "title": "\\u00d8\\ud800", "new": 1.50, "new": [1E5] }}'
    fill(db, served)

    assert answer(db, "show", "0000", "--format", "json") == served + "\n"


@pytest.mark.parametrize(
    ("start", "output"),
    [
        ("ffff", "no active ad has an id that begins with 'ffff'"),
        ("0000000", "0000000 could be 00000001 ("),
        ("", "no id was given. `navfeed list` shows them"),
        ("00000030", "is no longer active: its last day was 2026-11-20"),
        ("\x1b[2J", "no active ad"),
    ],
)
@pytest.mark.parametrize("format_", ["text", "json"])
def test_not_to_be_shown(db: Path, start: str, output: str, format_: str) -> None:
    evil = "\x1b[31m\u202e"
    fill(db, ad(1, title=evil), ad(2), ad(0x30, expires="2026-11-20T12:00:00+01:00"))
    result = run_command(db, "show", start, "--format", format_)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert output in result.stderr
    assert "\x1b" not in result.stderr
    assert "\u202e" not in result.stderr


def test_wrong_use(db: Path) -> None:
    fill(db, ad(1))
    assert run_command(db, "show").exit_code == 2
    assert run_command(db, "show", uuid_of(1), "--format", "html").exit_code == 2
    assert run_command(db / "none", "show", uuid_of(1)).exit_code == 7


def test_on_a_terminal_lines_fit_and_addresses_stay_whole(db: Path) -> None:
    address = "https://sykehjem.example/" + "sok/" * 30
    fill(
        db,
        ad(
            1,
            expires="2999-01-01T00:00:00Z",
            applicationUrl=address,
            description="<h2>[bold]Om oss</h2><p>" + "ord " * 100 + "</p>",
        ),
    )
    for columns in (50, 200):
        code, out, err = on_terminal(columns, "show", uuid_of(1), "--db", str(db))
        assert (code, err) == (0, "")
        lines = out.splitlines()
        assert lines[0] == "\x1b[1mSykepleier natt\x1b[0m"
        assert f"Apply at       {address}" in lines or f"               {address}" in lines
        assert "\x1b[1m[bold]Om oss\x1b[0m" in lines
        prose = [line for line in lines if line.startswith("ord ")]
        assert max(map(len, prose)) <= min(columns, 100)
        assert len(prose) > 3


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("21.12.2026", "2026-12-21"),
        ("1.2.2027.", "2027-02-01"),
        ("21.12.2026 kl. 12:00", "2026-12-21 (21.12.2026 kl. 12:00)"),
        ("1. desember 2026\x1b", "1. desember 2026\ufffd"),
        ("2026-12-21T00:00:00", "2026-12-21"),
        ("2026-12-21T23:59:00", "2026-12-21 (2026-12-21T23:59:00)"),
        ("Snarest", "Snarest"),
    ],
)
def test_a_due_date_stands_beside_its_text(db: Path, text: str, output: str) -> None:
    fill(db, ad(1, applicationDue=text))

    assert f"\nApply by       {output}\n" in answer(db, "show", uuid_of(1))


def test_an_ad_without_an_address_to_apply_at_leads_to_its_source(db: Path) -> None:
    fill(db, ad(1, applicationUrl=None), ad(2, applicationUrl=None, sourceurl=None))
    shown = answer(db, "show", uuid_of(1))
    assert "\nApply at       see the source: https://sykehjem.example/stilling/1\n" in shown
    assert "Apply at" not in answer(db, "show", uuid_of(2))


# The browser


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a browser would have opened."""
    addresses: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: addresses.append(address) or True)
    return addresses


def test_open_leads_to_the_page_to_apply_at(db: Path, opened: list[str]) -> None:
    fill(db, ad(1))
    result = run_command(db, "show", uuid_of(1), "--open")

    assert opened == ["https://sykehjem.example/sok/1"]
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "navfeed: opening https://sykehjem.example/sok/1\n"


@pytest.mark.parametrize(
    "address", [None, "", "file:///etc/passwd", "javascript:alert(1)", "--new-window", "mailto:a@b"]
)
def test_nothing_but_a_page_is_opened(db: Path, opened: list[str], address: str | None) -> None:
    fill(db, ad(1, applicationUrl=address), ad(2, applicationUrl=address, link=address))
    result = run_command(db, "show", uuid_of(1), "--open")

    at_nav = f"https://arbeidsplassen.nav.no/stillinger/stilling/{uuid_of(1)}"
    assert (result.exit_code, opened) == (0, [at_nav])
    output = f"navfeed: the ad has no application page; opening {at_nav}\n"
    assert result.stderr == output

    opened.clear()
    result = run_command(db, "show", uuid_of(2), "--open")
    assert (result.exit_code, opened) == (2, [])
    assert "has no page to open" in result.stderr


def test_without_a_browser_the_address_is_reported(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    fill(db, ad(1))
    result = run_command(db, "show", uuid_of(1), "--open")

    assert result.exit_code == 2
    assert "The page is https://sykehjem.example/sok/1" in result.stderr
