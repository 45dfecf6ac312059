"""The day by which to apply: read where the text names one, and never guessed."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navfeed.model import OSLO
from navfeed.text.due_dates import _MONTHS, _WEEKDAYS, read_due

DAY = date(2026, 8, 21)  # a Friday


@pytest.mark.parametrize(
    "text",
    [
        "2026-08-21",
        "2026-08-21T00:00:00",
        "2026-08-21T23:59:59",
        "2026-08-21 12:00",
        "2026-08-21T00:00:00.000",
        "2026-08-21T00:00:00+02:00",
        "2026-08-20T22:00:00Z",
        "2026-08-20t22:00:00z",
        " 21.08.2026 ",
        "21.8.2026",
        "21.08.2026.",
        "21.08.2026 23:59",
        "21.08.2026 kl. 12.00",
        "21.08.2026, kl 12:00",
        "21. august 2026",
        "21.august 2026",
        "21 August 2026",
        "21. aug. 2026",
        "21. AUG 2026",
        "fredag 21. august 2026",
        "Fredag, 21.08.2026",
        "fredag den 21. august 2026",
        "Frist 21.08.2026",
        "Frist: 21.08.2026",
        "Søknadsfrist: 21. august 2026",
        "Søknadsfristen er 21.08.2026",
        "Innen 21.08.2026",
        "Søknadsfrist: senest fredag 21. august 2026 kl. 23:59",
        "senest den 21.08.2026",
    ],
)
def test_a_text_that_names_a_day(text: str) -> None:
    assert read_due(text) == DAY


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", " ", "Snarest", "snarest mulig", "Fortløpende", "ASAP", "Etter avtale", "2026"),
        "21. august",  # of which year?
        *("21.08", "21.08.", "21.08.26", "10.11.12"),
        *("08/09/2026", "21/08/2026", "08-09-2026", "2026/08/21", "2026.08.21", "20260821"),
        *("2026-W34-5", "2026-08", "2026-233"),
        *("31.02.2026", "2026-02-30", "00.00.0000", "32.01.2026", "1.13.2026", "2026-08-21T25:00"),
        *("før 21.08.2026", "etter 21.08.2026", "ca. 21.08.2026", "ikke 21.08.2026"),
        *("21.08.2026 eller snarest", "Snarest, senest 21.08.2026", "21.08.2026 - 01.09.2026"),
        "torsdag 21. august 2026",  # it is a Friday
        *("21. augusta 2026", "21. may 2026", "21st august 2026"),
        "uke 34 2026",
        *("21.08.2026\x00", "٢١.٠٨.٢٠٢٦", "²1.08.2026", "21.08.2026" + " " * 100, "9" * 100_000),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
        *("21.08.2026 99", "21.08.20266", "121.08.2026", "21.08.2026kl 12"),
        "2026-08-21T12:00 eller snarest",
    ],
)
def test_what_names_no_single_day_stays_text(text: str | None) -> None:
    assert read_due(text) is None


def test_a_decomposed_letter_is_the_same_letter() -> None:
    assert read_due("ma\u030andag 24.08.2026") == date(2026, 8, 24)


@given(st.dates())
def test_each_form_of_any_day_is_that_day(day: date) -> None:
    assert read_due(day.isoformat()) == day
    assert read_due(f"{day.isoformat()}T00:00:00") == day
    numbers = f"{day.year:04}"
    assert read_due(f"{day.day}.{day.month}.{numbers}") == day
    assert read_due(f"{day.day:02}.{day.month:02}.{numbers}") == day
    for name, number in _MONTHS.items():
        if number == day.month:
            assert read_due(f"{day.day}. {name} {numbers}") == day
    for name, number in _WEEKDAYS.items():
        output = read_due(f"{name} {day.day}.{day.month}.{numbers}")
        assert output == (day if number == day.weekday() else None)


SOME_TIME = (datetime.fromisoformat("0002-01-01"), datetime.fromisoformat("9998-12-31"))


@given(
    st.datetimes(*SOME_TIME),
    st.integers(-14 * 60, 14 * 60),
)
def test_a_moment_is_on_its_day_in_oslo(moment: datetime, offset: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=offset)))
    assert read_due(aware.isoformat()) == aware.astimezone(OSLO).date()
    assert read_due(datetime.combine(moment, time(12)).isoformat()) == moment.date()


@given(st.text() | st.text(alphabet="0123456789.-:T +Zkl/maijun"))
def test_anything_is_a_day_or_stays_text(text: str) -> None:
    output = read_due(text)
    if output is not None:  # nothing that the text does not say
        assert f"{output.year:04}" in text or "t" in text.lower()
        assert str(output.day) in text or "t" in text.lower()
    assert read_due(text) == output
