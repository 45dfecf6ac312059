"""Which texts are addresses and numbers of people, and which only look like them."""

# ruff: noqa: E501  the tables of texts read best as they are

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navfeed.privacy.matcher import REMOVED
from navfeed.privacy.redact import without_contacts

NUMBERS = [
    "22334455",
    "22 33 44 55",
    "918 12 345",
    "91812345",
    "918 12345",
    "22 334455",
    "+47 22 33 44 55",
    "+4722334455",
    "+47 22334455",
    "+47 918 12 345",
    "0047 22 33 44 55",
    "(+47) 22 33 44 55",
    "+47 (22) 33 44 55",
    "47 22 33 44 55",
    "47 22334455",
    "22.33.44.55",
    "22-33-44-55",
    "918-12-345",
    "22&nbsp;33&nbsp;44&nbsp;55",
    "22&nbsp;33 44&#160;55",
    "22\u00a033\u00a044\u00a055",
    "22\u202f33\u202f44\u202f55",
    "815 48 333",
    "800 12 345",
    "+46 70 123 45 67",
    "+44 20 7946 0958",
    "0046 70 123 45 67",
    "+1 (212) 555-0123",
    "<b>22</b> 33 44 55",
]
LABELLED = [
    "22 33 44 55",
    "22334455",
    "2233 4455",
    "22 33 4455",
    "22 334 455",
    "918 123 45",
    "02000",
    "4722334455",
    "+47 22334455",
]
ADDRESSES = [
    "kari@example.no",
    "kari.nordmann@post.example.no",
    "kari.nordmann+jobb@sub-domene.example.com",
    "KARI_N@EXAMPLE.NO",
    "bjørn@blåbær.no",
    "kari&#64;example.no",
    "kari&#x40;example.no",
    "kari&commat;example&period;no",
    "kari%40example.no",
    "kari(at)example.no",
    "kari [at] example.no",
    "kari(at)example(dot)no",
    "kari @ example.no",
    "kari<span>@</span>example.no",
]
CONTEXTS = [
    "{}",
    "Ta kontakt med Kari, {}.",
    "<p>Kari Nordmann<br>{}</p>",
    "({})",
    "{} / {}",
    "{}, {}",
]
LABELS = ["tlf. {}", "Tlf: {}", "telefon {}", "Mobil: {}", "mob. {}", "Ring {}!", "ring oss på {}",
          "tlf.nr. {}", "Telefonnummer: <strong>{}</strong>", "mobiltelefon {}", "vakttlf {}",
          "tlf&nbsp;{}", 'href="tel:{}"']  # fmt: skip

STAYS = [
    # organisation numbers
    "974 760 673", "974760673", "Org.nr. 974 760 673", "Orgnr: NO 974 760 673 MVA", "889640782",
    # days, years, hours
    "2026-10-19", "2026-10-19T00:00:00", "19.10.2026", "21.08.2026", "24.12.2026", "24122026",
    "31121999", "20261019", "2024-2026", "2024 - 2026", "1990 2000", "21.00-06.00", "22:30-07:30",
    "kl. 08.00-16.00", "mandag 24.12.2026 kl. 12.00", "Ring innen 24.12.2026", "uke 27-30",
    "tlf.tid 24.12.2026", "tlf 2026-10-19",
    # prices and amounts
    "kr 500 000", "kr 650 000 - 750 000", "kr 22334455", "22 334 455 kr", "22334455 kr", "NOK 450000",
    "kr. 45000000", "45000000,-", "22334455,50", "40 50 60 80 %", "60-80-100 %", "100 000 000",
    "550.000", "1.250.000",
    # places, pages, shares
    "0150 Oslo", "5003 BERGEN", "postboks 1234, 5003 Bergen", "Storgata 22", "4620 4621", "37,5 t/uke",
    # references
    "Ref.nr: 48251234", "Referansenummer <b>48251234</b>", "Stillingsnr. 51234567", "ID: 48251234",
    "Webcruiter-ID: 4512345678", "4512345678", "finnkode 312345678", "Saksnr. 26/12345", "HPR-nr 9123456",
    "Jobbnorge ID 254123", "22334455-1234-4000-8000-000000000000", "§ 3-5", "2,5 - 3,5",
    "1.2.3.4", "192.168.10.12", "C22334455", "010190 12345", "1234 56 78901",
    # links
    "https://example.no/stilling/22334455", "https://example.no/?id=91812345&x=22334455",
    "www.example.no/22334455", "example.no/stilling/22334455", "https://maps.example/@59.9139,10.7522",
    "https://medium.example/@kari",
    # at signs and dots
    "@kari", "kari@", "kari@example", "Vi er her. Kom hit.", "a @ b", "10 @ 5", "Oslo(at)",
    "", "Vi søker kokk", "100", "12345", "1234567", "Ring oss", "02000",
]  # fmt: skip


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("found", [*NUMBERS, *ADDRESSES])
def test_addresses_and_numbers_go(found: str, context: str) -> None:
    output = without_contacts(context.replace("{}", found))
    assert re.sub(r"</?(b|span)>", "", output) == context.replace("{}", REMOVED)


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("number", LABELLED)
def test_what_is_called_a_number_goes_however_it_is_grouped(label: str, number: str) -> None:
    output = without_contacts(label.replace("{}", number))
    assert not re.search(r"\d", output)
    assert REMOVED in output
    assert output.startswith(label[:3])


@pytest.mark.parametrize("context", ["{}", "Vi tilbyr {} og mer", "<li>{}</li>", "Hei, {}!"])
@pytest.mark.parametrize("text", STAYS)
def test_what_only_looks_like_one_stays(text: str, context: str) -> None:
    text = context.replace("{}", text)
    assert without_contacts(text) == text


def test_several_in_one_text_all_go_and_the_rest_stays_to_the_letter() -> None:
    text = (
        "<p>Spørsmål? Kari (tlf. 22 33 44 55 / 918 12 345), <a href='mailto:kari@example.no'>"
        "kari@example.no</a>. Søk innen 24.12.2026 på https://example.no/1/22334455. "
        "22334455/91812345, 22334455,91812345. Org.nr 974 760 673, "
        "lønn kr 500 000&nbsp;-&nbsp;600 000</p>"
    )
    assert without_contacts(text) == (
        "<p>Spørsmål? Kari (tlf. [removed] / [removed]), <a href='mailto:[removed]'>"
        "[removed]</a>. Søk innen 24.12.2026 på https://example.no/1/22334455. "
        "[removed]/[removed], [removed],[removed]. Org.nr 974 760 673, "
        "lønn kr 500 000&nbsp;-&nbsp;600 000</p>"
    )


def test_a_link_keeps_its_path_and_loses_addresses() -> None:
    link = "https://example.no/sok/22334455?kopi=kari@example.no"
    assert without_contacts(link) == f"https://example.no/sok/22334455?kopi={REMOVED}"
    assert (
        without_contacts("https://example.no&nbsp;22334455") == f"https://example.no&nbsp;{REMOVED}"
    )
    assert without_contacts("mailto:kari@example.no") == f"mailto:{REMOVED}"


def test_tags_inside_a_number_stay_so_that_the_page_stays_whole() -> None:
    assert without_contacts("<b>22 33</b> 44 55") == f"<b>{REMOVED}</b>"
    assert without_contacts("Tlf: <b>2233</b> 4455") == f"Tlf: <b>{REMOVED}</b>"


digits = st.text("0123456789", min_size=6, max_size=6)
mobile = st.builds(
    "{}{}".format, st.sampled_from(["40", "41", "48", "90", "92", "98", "99"]), digits
)
landline = st.builds(
    "{}{}".format, st.sampled_from(["22", "23", "33", "38", "51", "55", "64", "73", "77"]), digits
)
words = st.text("abcdefghijklmnopæøå ,.()<>-", max_size=20)


def grouped(number: str, sizes: tuple[int, ...], gap: str) -> str:
    parts, at = [], 0
    for size in sizes:
        parts.append(number[at : at + size])
        at += size
    return gap.join(parts)


@given(
    words,
    mobile | landline,
    st.sampled_from([(2, 2, 2, 2), (3, 2, 3), (2, 6), (8,)]),
    st.sampled_from([" ", "\u00a0", "&nbsp;"]),
    st.sampled_from(["+47 ", "+47", "0047 ", "tlf. ", "Mobil: "]),
    words,
)
def test_no_number_that_is_called_one_survives(
    before: str, number: str, sizes: tuple[int, ...], gap: str, label: str, after: str
) -> None:
    output = without_contacts(f"{before} {label}{grouped(number, sizes, gap)} {after}")
    assert not re.search(r"\d", output.replace("&nbsp;", ""))


@given(words, landline, words)
def test_pairs_are_a_number_anywhere(before: str, number: str, after: str) -> None:
    output = without_contacts(f"{before} {grouped(number, (2, 2, 2, 2), ' ')} {after}")
    assert not re.search(r"\d", output)


@given(words, mobile, words)
def test_a_mobile_as_it_is_written_most_is_a_number_anywhere(
    before: str, number: str, after: str
) -> None:
    output = without_contacts(f"{before} {grouped(number, (3, 2, 3), ' ')} {after}")
    assert not re.search(r"\d", output)


@given(words, st.integers(800_000_000, 999_999_999), st.sampled_from(["", " ", "\u00a0"]))
def test_no_organisation_number_is_taken_for_one(before: str, number: int, gap: str) -> None:
    text = f"{before} {grouped(str(number), (3, 3, 3), gap)}"
    assert without_contacts(text) == text


@given(
    st.dates(), st.sampled_from(["%d.%m.%Y", "%Y-%m-%d", "%d/%m/%Y", "%Y-%m-%dT00:00:00"]), words
)
def test_no_day_is_taken_for_one(day: object, form: str, after: str) -> None:
    text = f"frist {day:{form}} {after}"  # type: ignore[str-bytes-safe]
    assert without_contacts(text) == text


@given(st.integers(1, 99), st.sampled_from([" ", "\u00a0", "."]))
def test_no_price_is_taken_for_one(million: int, gap: str) -> None:
    text = f"lønn {million}{gap}500{gap}000 kroner"
    assert without_contacts(text) == text


@given(st.text())
def test_twice_is_as_good_as_once(text: str) -> None:
    once = without_contacts(text)
    assert without_contacts(once) == once


@given(st.text("kari@.no 0123456789+()<b>/-&#64;tlf", max_size=200))
def test_twice_is_as_good_as_once_where_it_hurts(text: str) -> None:
    once = without_contacts(text)
    assert without_contacts(once) == once


@pytest.mark.parametrize(
    "evil", ["a", "1", "1 ", "a.", "a@", "a@b.", "+4", "<b>", "<b ", "22 ", "tlf", "tlf. ", "&nbsp;",
             "www.", "(at)", "00", "1-", "kari @ "],
)  # fmt: skip
def test_hostile_text_takes_no_longer_for_its_length(evil: str) -> None:
    text = evil * (100_000 // len(evil))
    began = time.process_time()
    without_contacts(text)
    assert time.process_time() - began < 3
