"""Expressions for time and numbers: what each of them means, and what is none."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navfeed.model import OSLO, Span
from navfeed.text.ranges import of_day, read_numbers, read_span, read_span_ahead

EVENING = datetime(2019, 6, 12, 22, 30, 15, 999, tzinfo=UTC)
"""Half past midnight on the 13th in Oslo."""


def oslo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=OSLO).astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2019-06-12", "2019-06-12", "2019-06-13"),
        (" 2019-06-12\t", "2019-06-12", "2019-06-13"),
        ("today", "2019-06-13", "2019-06-14"),
        ("TODAY", "2019-06-13", "2019-06-14"),
        ("yesterday", "2019-06-12", "2019-06-13"),
        ("tomorrow", "2019-06-14", "2019-06-15"),
        ("now", "2019-06-13T00:30:15", "2019-06-13T00:30:16"),
        ("2019-06-12T12:00", "2019-06-12T12:00:00", "2019-06-12T12:00:01"),
        ("2019-06-12T12:00:00.123", "2019-06-12T12:00:00", "2019-06-12T12:00:01"),
        ("2019-06-12T10:00:00Z", "2019-06-12T12:00:00", "2019-06-12T12:00:01"),
        ("[2019-06-01,2019-07-01)", "2019-06-01", "2019-07-01"),
        ("[2019-06-01,2019-06-30]", "2019-06-01", "2019-07-01"),
        ("(2019-05-31,2019-06-30]", "2019-06-01", "2019-07-01"),
        ("(2019-05-31,2019-07-01)", "2019-06-01", "2019-07-01"),
        (" [ 2019-06-01 , 2019-06-30 ] ", "2019-06-01", "2019-07-01"),
        ("[*,2019-06-01)", None, "2019-06-01"),
        ("[2019-06-01,*)", "2019-06-01", None),
        ("(*,*)", None, None),
        ("*", None, None),
        ("[yesterday,now]", "2019-06-12", "2019-06-13T00:30:16"),
        ("[2019-06-12T23:00:01,2019-06-14]", "2019-06-12T23:00:01", "2019-06-15"),
        ("(2019-06-12T23:00:01,2019-06-14)", "2019-06-12T23:00:02", "2019-06-14"),
        ("2019-03-31", "2019-03-31", "2019-04-01"),  # an hour shorter
        ("0001-01-01", None, "0001-01-02"),
        ("9999-12-31", "9999-12-31", None),
    ],
)
def test_what_an_expression_means(text: str, start: str | None, end: str | None) -> None:
    assert read_span(text, EVENING) == Span(start and oslo(start), end and oslo(end))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("0", "2019-06-13", "2019-06-14"),
        (" 7 ", "2019-06-13", "2019-06-21"),
        ("2019-06-12", "2019-06-12", "2019-06-13"),
    ],
)
def test_a_number_of_days_ahead(text: str, start: str, end: str) -> None:
    assert read_span_ahead(text, EVENING) == Span(oslo(start), oslo(end))


@pytest.mark.parametrize("text", ["-1", "7.5", "", "9" * 8, "9" * 5_000, "seven"])
def test_what_is_no_number_of_days(text: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        read_span_ahead(text, EVENING)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "soon", "2019", "2019-06", "2019-13-01", "2019-06-31", "20190612", "2019-W24-3"),
        *("12.06.2019", "[2019-06-01]", "[2019-06-01,]", "[,2019-06-01]", "[a,b,c]", "2019-06-01,"),
        *("[2019-06-01,2019-07-01", "2019-06-01,2019-07-01)", "!2019-06-01", "2019-06-01T25:00"),
        *("[[2019-06-01,*)", "now+1", "2019-06-12 12:00", "0001-01-01T00:00:00"),
        "9999-12-31T23:59:59-01:00",
    ],
)
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_span(text, EVENING)


@given(st.dates(min_value=date(2, 1, 1), max_value=date(9998, 1, 1)), st.integers(0, 400))
def test_ranges_of_days_are_the_days_in_them(day: date, length: int) -> None:
    last = day + timedelta(days=length)
    closed = read_span(f"[{day},{last}]", EVENING)
    assert closed == Span(of_day(day).start, of_day(last).end)
    after, before = day - timedelta(days=1), last + timedelta(days=1)
    for text in (f"({after},{before})", f"[{day},{before})", f"({after},{last}]"):
        assert read_span(text, EVENING) == closed
    assert read_span(f"[{day},{day}]", EVENING) == read_span(str(day), EVENING) == of_day(day)


@given(st.text() | st.text(alphabet="[]()*,-T:0123456789nowtday "))
def test_anything_is_an_expression_or_refused(text: str) -> None:
    try:
        span = read_span(text, EVENING)
    except ValueError:
        return
    assert all(moment is None or moment.tzinfo is UTC for moment in (span.start, span.end))


@pytest.mark.parametrize(
    ("text", "least", "greatest"),
    [
        ("3", 3, 3),
        (" 3 ", 3, 3),
        ("[2,5]", 2, 5),
        ("(2,5)", 3, 4),
        ("[10,*)", 10, None),
        ("(*,10]", None, 10),
        ("*", None, None),
    ],
)
def test_numbers(text: str, least: int | None, greatest: int | None) -> None:
    assert read_numbers(text) == (least, greatest)


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "٣", "²", "9" * 5_000, "[1,2", "[1]"])
def test_no_numbers(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_numbers(text)
