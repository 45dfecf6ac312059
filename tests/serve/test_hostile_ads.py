"""Ads by people who mean harm, on every page and in every format (faults.md P9)."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from time import process_time
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.support import ad, place, uuid_of
from navfeed.serve.sanitizing import LONGEST, MOST_TAGS, TAGS, safe_html
from navfeed.serve.visible import safe_link
from serve.support import Service, serving
from serve.test_page import Seen

EVIL = (
    '"><script>alert(1)</script><img src=x onerror=alert(2)>',
    "'-alert(3)-'{{7*7}}{% raw %}${7*7}",
    "\u202egnp.exe\x00\x1b]0;owned\x07",
    "</title></textarea></script><svg/onload=alert(4)>",
)
HTML = (
    *EVIL,
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    '<a href="javascript:alert(1)">x</a><a href="JaVaScRiPt&colon;alert(1)">y</a>',
    '<a href=" &#1;javascript:alert(1)">x</a><a href="data:text/html,<script>">z</a>',
    '<p onclick="alert(1)" style="position:fixed" id="apply" class="button">x</p>',
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<form action=//evil.example><input name=token><button>Søk</button></form>",
    '<iframe src="//evil.example"></iframe><object data=x></object><embed src=x>',
    '<base href="//evil.example/"><meta http-equiv=refresh content="0;url=//evil.example">',
    "<link rel=stylesheet href=//evil.example/x.css><style>*{display:none}</style>",
    '<a href="https://evil.example" target="_blank" rel="opener" onmouseover=alert(1)>link</a>',
    "<img src=//evil.example/pixel.gif><video src=x onerror=alert(1)>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<!--><img src=x onerror=alert(1)>-->",
    "<b>" * 500 + "deep" + "</i>" * 500,
    "<template><script>alert(1)</script></template>",
    "<h1>One</h1><h2>Two</h2><h6>Six</h6></main></body></html>",
)

ATTRIBUTES = {"href", "rel"}


def harmless_html(html: str) -> bool:
    """Whether there is nothing in it but the short list of tags, and links to the web."""
    page = Seen(html)
    for tag, attributes in page.elements:
        if tag not in TAGS or not attributes.keys() <= ATTRIBUTES:
            return False
        if attributes and tag != "a":
            return False
        href = attributes.get("href", "https://").lower()
        if not href.startswith(("https://", "http://")):
            return False
    return True


@pytest.mark.parametrize("text", HTML)
def test_html_is_made_harmless(text: str) -> None:
    html = str(safe_html(text))
    assert harmless_html(html), html
    assert "alert(1)</" not in html or "<" not in html.split("alert(1)", maxsplit=1)[0]
    assert not re.search(r"[\x00\x1b\u202e]", html)


def test_what_ads_say_stays() -> None:
    html = "<h1>Om oss</h1><p>Vi <strong>søker</strong>&nbsp;deg<br>nå</p><ul><li>En</li></ul>"
    assert safe_html(html) == html.replace("h1>", "h3>")
    link = str(safe_html('<a href="https://x.example/a?b=1&amp;c=2" target=_top>x</a>'))
    assert 'href="https://x.example/a?b=1&amp;c=2"' in link
    assert 'rel="noopener nofollow"' in link
    assert "target" not in link
    assert safe_html(None) == ""


@given(st.text(alphabet="<>/=\"' ahrefjvscipt:o&#;\x00\u202e!-", max_size=200))
def test_whatever_is_written_is_harmless(text: str) -> None:
    assert harmless_html(str(safe_html(text)))


@pytest.mark.parametrize(
    "piece", ["<a ", "<b>", "<!--", "&", "<table><tr>", "</p>", "<p><ul>", "<![CDATA[", "<a href="]
)
def test_no_text_takes_long(piece: str) -> None:
    def seconds(length: int) -> float:
        began = process_time()
        safe_html(piece * (length // len(piece)))
        return process_time() - began

    for length in (LONGEST, MOST_TAGS * len(piece), 8 * LONGEST):
        assert seconds(length) < 3


def test_a_tag_with_more_attributes_than_any_has(monkeypatch: pytest.MonkeyPatch) -> None:
    began = process_time()
    safe_html("<a " + " ".join(f"a{number}" for number in range(60_000)) + ">x</a>")
    assert process_time() - began < 3


def test_what_is_too_long_is_shown_as_text() -> None:
    shown = safe_html("<h1>Om oss</h1><script>x</script><p>Vi &lt;b&gt; søker</p>" + "y" * LONGEST)
    assert shown.startswith("<p>Om oss</p><p>Vi &lt;b&gt; søker</p><p>yyy")
    assert harmless_html(shown)


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "//evil.example", "data:x", "", None, "ftp://x", "/x"]
)
def test_a_link_leads_to_the_web_or_nowhere(address: str | None) -> None:
    assert safe_link(address) == ""
    assert safe_link(" HTTPS://x.example\u202e ") == "HTTPS://x.example"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Ads that are evil in every field."""
    ads = [
        ad(
            number,
            title=evil,
            jobtitle=evil,
            description="".join(HTML),
            employer={
                "name": evil,
                "orgnr": evil,
                "description": "".join(HTML),
                "homepage": f"javascript:{evil}",
            },
            workLocations=[place(evil, evil, address=evil)],
            occupationCategories=[{"level1": evil, "level2": evil}],
            applicationUrl=f"javascript:alert(1)//{evil}",
            applicationDue=evil,
            sourceurl=f"data:text/html,{evil}",
            link=evil,
            engagementtype=evil,
            extent=evil,
            sector=evil,
            starttime=evil,
            positioncount=evil,
            source=evil,
            contactList=[{"name": evil, "email": evil, "phone": evil, "role": None, "title": evil}],
        )
        for number, evil in enumerate(EVIL)
    ]
    db = tmp_path_factory.mktemp("hostile") / "navfeed.db"
    with serving(db, ads, {"with_contacts": True}) as service:
        yield service


PAGES = ["/", "/?lang=en&text=alert", *(f"/?ad={uuid_of(n)}" for n in range(4))]
PAGES += [f"/ads/{uuid_of(n)}" for n in range(4)]


@pytest.mark.parametrize("path", PAGES)
def test_no_page_obeys_an_ad(service: Service, path: str) -> None:
    answer = service.get(path)
    assert answer.status == 200
    page = Seen(answer.text)
    assert len(page.all("script")) == 1
    for tag in ("img", "svg", "iframe", "object", "style", "base", "embed", "textarea", "math"):
        assert page.all(tag) == []
    assert len(page.all("form")) <= 1
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert not attributes.get("href", "").lower().startswith(("javascript", "data"))
        if attributes.get("target"):
            assert attributes["rel"] == "noopener nofollow"
    assert "49" not in re.sub(r"[\w-]*49[\w-]+|[\w-]+49[\w-]*", "", page.text)
    assert not re.search(r"[\x00\x1b\u202e]", answer.text)


def test_no_map_does_what_an_ad_is_called(service: Service) -> None:
    """Its one picture is its own, and holds nothing but circles and links to the list."""
    answer = service.get("/map")
    page = Seen(answer.text)
    assert (answer.status, len(page.all("script")), len(page.all("svg"))) == (200, 1, 1)
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")], tag
    assert all(
        one["href"].startswith("/") for one in page.all("a") if "municipality=" in one["href"]
    )
    assert not re.search(r"[\x00\x1b\u202e]", answer.text)


def test_lines_of_changes_are_lines(service: Service) -> None:
    answer = service.get("/api/changes")
    kinds = [json.loads(line)["kind"] for line in answer.body.decode().split("\n")[:-1]]
    assert kinds == ["added"] * 4 + ["caught_up"]
    assert answer.headers["content-type"].startswith("application/jsonl")


def test_what_an_ad_is_called_cannot_break_an_address(service: Service) -> None:
    """Choices by hostile names lead to the ads that have them."""
    for evil in EVIL:
        answer = service.get(f"/?municipal={quote(evil.replace(',', ' ').replace(chr(0), ''))}")
        assert answer.status == 200
        assert len(Seen(answer.text).all("script")) == 1


@pytest.mark.parametrize("path", ["/api/ads", f"/api/ads/{uuid_of(0)}", "/api/stats"])
def test_json_is_no_page(service: Service, path: str) -> None:
    answer = service.get(path)
    json.loads(answer.body)
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("query", ["", "text=alert"])
def test_the_feed_is_xml(service: Service, query: str) -> None:
    ET.fromstring(service.get(f"/feed.atom?{query}").body)


def test_the_old_api_is_json(service: Service) -> None:
    assert len(service.get("/public-feed/api/v1/ads").json["content"]) == 4


@pytest.mark.parametrize("evil", EVIL)
def test_what_is_requested_comes_back_as_text(service: Service, evil: str) -> None:
    for path in ("/", "/map", "/api/ads", "/api/changes", "/feed.atom", "/public-feed/api/v1/ads"):
        names = ("text", "q", "page", "sort", "ad", "lang", "municipal", "published", evil)
        for name in (*names, "after", "snapshot", "content", "mark", "watch"):
            answer = service.get(path, {name: evil})
            assert answer.status in (200, 400)
            if answer.headers["content-type"].startswith("text/html"):
                assert len(Seen(answer.text).all("script")) == 1


@pytest.mark.parametrize("requests", [1_000, pytest.param(100_000, marks=pytest.mark.campaign)])
def test_a_crawler_that_requests_anything(service: Service, requests: int) -> None:
    """Made-up requests: never a bug, never an answer of 5xx."""
    chance = random.Random(requests)
    pieces = [
        *("map", "changes", "snapshot=1", "marks", "mark", "watch"),
        *("/", "ads", "api", "stats", "feed.atom", "public-feed", "v1", "healthz", "static", ".."),
        *("%00", "%2e", "%2f", "?", "&", "=", "text", "municipal", "after", "page", "lang", "by"),
        *("size", "published", "[", "]", ",", "*", "!", "0", "-1", "99999999999", "%F0%9F%98%80"),
        *("%FF", "'", "%22", "OSLO", "%0d%0aX:1", uuid_of(1), "a" * 300, ";", "ø".encode().hex()),
    ]
    for _ in range(requests):
        count = chance.randint(1, 8)
        target = "/" + "".join(chance.choice(pieces) for _ in range(count))
        answer = service.get(target)
        assert answer.status < 500, target
        assert "x" not in answer.headers
    while not service.log.empty():
        assert "bug" not in service.log.get()[1]
