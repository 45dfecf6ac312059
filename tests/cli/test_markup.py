"""HTML turned into text, however it is written."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.support import UNSAFE
from navfeed.text.html import BULLET, Block, BlockKind, blocks_of, lines_of, words_of
from navfeed.text.plaintext import sanitize


def laid_out(html: str, width: int | None = None) -> str:
    return "\n".join(line for _, line in lines_of(blocks_of(html), width))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("<p> </p><br><ul><li></li></ul>", ""),
        ("bare\n  text", "bare text"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<P>one<P>two", "one\n\ntwo"),
        ("one<br>two<br/><br />three", "one\ntwo\n\nthree"),
        ("<h2>Om oss</h2>\n<p>Vi er</p><p>flere</p>", "Om oss\nVi er\n\nflere"),
        ("<ul><li>a</li>\n<li>b</ul>after", "• a\n• b\n\nafter"),
        ("<ul><li><p>a</p><p>more</p></li><li><p>b</p></li></ul>", "• a\n\n  more\n\n• b"),
        ("<ol><li>a<li>b<ul><li>c</ul><li>d</ol>", "1. a\n2. b\n  • c\n3. d"),
        ("<li>alone", "• alone"),
        ("</ul></ol></li>text", "text"),
        ("<table><tr><th>a<td>b</tr><tr><td>c</table>", "a b\n\nc"),
        ("syke<b>pleier</b> <i>natt</i>", "sykepleier natt"),
        ("bl&aring;b&#230;r &amp;lt; &#x2022; &nbsp;x", "blåbær &lt; • x"),
        ("&#27;[31m&#x202e;x&#7;", "[31mx"),  # controls have no place in HTML
        ("a\x1b[31mb\u202ec\x00d", "a\ufffd[31mbc\ufffdd"),
        (f"&#{'9' * 5_000};x", "\ufffdx"),
        ("a<!-- <p>no</p> -->b<!doctype x>c<?php no ?>d", "abcd"),
        ("a<!-- never closed <p>no</p>", "a"),
        ("a<script>if (a < b) no()</script>b<STYLE x>p { }</style >c", "abc"),
        ("a<script>never closed", "a"),
        ('<p title="a > b">x</p>', "x"),
        ("<p title='never closed>x</p>", "x"),
        ("3 < 4 og 5 > 2 <3 <æ", "3 < 4 og 5 > 2 <3 <æ"),
        ("lønn <b uten slutt", "lønn <b uten slutt"),
        ("[red]x[/red]", "[red]x[/red]"),
        (
            "<a href='https://a.example/?x=1&amp;y=2'>Søk her</a>",
            "Søk her (https://a.example/?x=1&y=2)",
        ),
        ("<a href=https://a.example>https://a.example</a>", "https://a.example"),
        ("<a href='javascript:no()'>x</a><a>y</a></a>", "xy"),
        ("<a href='https://a.example\x1b[31m'>x</a>", "x (https://a.example\ufffd[31m)"),
        ("<a href='https://a.example'><p>x</p></a>", "x\n\n(https://a.example)"),
        ("<unknown-tag>x</unknown-tag>", "x"),
    ],
)
def test_html_becomes_text(html: str, text: str) -> None:
    assert laid_out(html) == text


def test_blocks_say_what_they_are() -> None:
    assert blocks_of("<h1>A</h1>b<ol><li>c") == [
        Block(BlockKind.HEADING, "A"),
        Block(BlockKind.PARAGRAPH, "b"),
        Block(BlockKind.ITEM, "c", "1.", 1),
    ]


def test_lines_are_wrapped_and_words_are_whole() -> None:
    address = "https://sykehjem.example/en-meget-lang-adresse/som-ikke-kan-deles"
    item = f"<li>Søk på {address} eller ring oss i dag<br>Velkommen</li>"
    html = f"<ul>{item}</ul><p>Hilsen oss alle</p>"

    assert laid_out(html, 24) == "\n".join(
        [
            f"{BULLET} Søk på",
            f"  {address}",
            "  eller ring oss i dag",
            "  Velkommen",
            "",
            "Hilsen oss alle",
        ]
    )


def test_no_depth_is_too_deep() -> None:
    html = "<ul><li>" * 50_000 + "x" + "<div><b>" * 50_000

    assert laid_out(html) == "  " * 7 + "• x"


FRAGMENTS = (
    *("<", "<!", "<!--", "<a", "<a ", "<?", "</", "<![", "<script", "<script>", "<p ", "&", "&#"),
    *("<a href='", '<a b="', "<a href=x ", "<b x='\"", "</script ", "&#1", "<br>", "<li>", "<ul>"),
    *("<a href=https://a.example>", "\n", " ", "\u202e", "<script></scrip", "href ", "</a>"),
)


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_hostile_html_takes_linear_time(fragment: str) -> None:
    html = fragment * (300_000 // len(fragment))
    start = process_time()
    for _ in lines_of(blocks_of(html), 80):
        pass
    words_of(html)

    assert process_time() - start < 5  # measured: below 1; what is quadratic takes minutes


@given(
    st.text() | st.lists(st.sampled_from([*FRAGMENTS, "text", "\x1b[2J", "\u2066"])).map("".join)
)
def test_whatever_comes_the_text_is_harmless(html: str) -> None:
    words_of(html)
    for width in (None, 30):
        for _, line in lines_of(blocks_of(html), width):
            assert not UNSAFE.search(line)
            assert "\n" not in line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Førskolelærer (100 %)", "Førskolelærer (100 %)"),
        ("👩‍⚕️ sykepleier\u00a0natt", "👩‍⚕️ sykepleier\u00a0natt"),
        ("a\r\nb\tc\u2028d\u0085e", "a  b c d e"),
        ("\x1b]0;title\x07\x9b31m\x7f", "\ufffd]0;title\ufffd\ufffd31m\ufffd"),
        ("\u202eevil\u202c\u2066\u2069\u200e\u200f\u061c", "evil"),
        ("\ud800", "\ufffd"),
        ("\ufeffa\U000e0041\U000e007f\u200bb\u00adc", "abc"),
        ("a\u3164\u115f\u034f\U000e0100b\u2065\ufff9c\U000e0000", "abc"),
    ],
)
def test_harmless(text: str, shown: str) -> None:
    assert sanitize(text) == shown


def test_nothing_that_nobody_sees_gets_through() -> None:
    """Each character that Unicode 15.1 calls Default_Ignorable, but for joiners and variants."""
    ranges = (
        "ad 34f 61c 115f-1160 17b4-17b5 180b-180f 200b 200e-200f 202a-202e 2060-206f 3164 feff ffa0"
        " fff0-fff8 1bca0-1bca3 1d173-1d17a e0000-e0fff"
    )
    ends = [[int(end, 16) for end in one.split("-")] for one in ranges.split()]
    unseen = "".join(chr(code) for one in ends for code in range(one[0], one[-1] + 1))
    assert sanitize(unseen) == ""
    assert [char for char in unseen if sanitize(f"å{char}") != "å"] == []
