"""The page: what stands in it, where its links lead, and that it is whole without scripts."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import time_machine

import navfeed.serve
import navfeed.serve.facets as facets_module
from cli.support import ad, answer, place, uuid_of
from navfeed.serve.words import EN, NB
from serve.conftest import Serve
from serve.support import Answer, Service, serving
from support.clock import NOW

ADS = (
    ad(1, title="Kokk i kantine", extent="Deltid", applicationDue="2026-11-22"),
    ad(2, workLocations=[place("OSLO", "OSLO")], published="2026-11-19T10:00:00Z"),
    ad(3, workLocations=[place("OSLO", "OSLO")], engagementtype="Vikariat", title="Vikar"),
)

VOID = {"meta", "link", "input", "br", "hr", "img"}


class Seen(HTMLParser):
    """What a browser sees in a page: its elements with their attributes, its text, its links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == [], "an element is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [
            attributes
            for one, attributes in self.elements
            if one == tag and wanted.items() <= attributes.items()
        ]


def seen(answer: Answer) -> Seen:
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Seen(answer.text)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("page") / "navfeed.db", ADS, {}) as service:
        yield service


def titles(page: Seen) -> list[str]:
    """The ads in the list, in their order."""
    html = list(page.texts)
    return [text for text in html if text in {"Kokk i kantine", "Sykepleier natt", "Vikar"}]


def test_an_empty_list_suggests_what_may_have_been_meant(service: Service) -> None:
    page = seen(service.get("/?municipality=OSL&lang=nb&page=2"))
    assert "Fant ingen stillinger" in page.text
    assert "Mente du OSLO ?" in page.text
    (instead,) = page.all("a", **{"class": "instead"})
    assert instead["href"] == "/?municipality=OSLO&lang=nb"
    english = seen(service.get("/?municipality=OSL&lang=en"))
    assert "Did you mean OSLO ?" in english.text
    assert "Mente du" not in service.get("/?municipality=OSLO,OSL").text
    assert "Mente du" not in service.get("/?text=finnesikke").text


def test_the_list_shows_every_ad_newest_first(service: Service) -> None:
    page = seen(service.get("/"))
    assert titles(page) == ["Sykepleier natt", "Kokk i kantine", "Vikar"]
    assert "3 stillinger" in page.text
    assert "Oppdatert 21. november 2026 13:00" in page.text
    assert "Søknadsfrist: 10. desember 2026" in page.text
    assert "Fristen går ut i morgen" in page.text
    assert "Kari" not in page.text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("text=kokk", ["Kokk i kantine"]),
        ("municipality=OSLO", ["Sykepleier natt", "Vikar"]),
        ("municipality=OSLO&engagement=Vikariat", ["Vikar"]),
        ("due=[2026-11-21,2026-11-24]", ["Kokk i kantine"]),
        ("sort=due", ["Kokk i kantine", "Sykepleier natt", "Vikar"]),
        ("text=&municipality=&sort=", ["Sykepleier natt", "Kokk i kantine", "Vikar"]),
        ("page=2", []),
        ("text=finnesikke", []),
    ],
)
def test_the_address_describes_what_is_shown(
    service: Service, query: str, expected: list[str]
) -> None:
    assert titles(seen(service.get(f"/?{query}"))) == expected


def test_every_choice_leads_to_as_many_ads_as_its_count(service: Service) -> None:
    """Followed as a crawler does, two clicks deep."""
    html = service.get("/").text
    choices = re.findall(
        r'<a href="([^"]+)" rel="nofollow"[^>]*>.*?<span class="count">(\d+)</span>', html
    )
    assert len(choices) > 10
    for href, count in choices:
        target = href.replace("&amp;", "&")
        narrowed = service.get(target).text
        (shown,) = re.findall(r'<h2 id="results-title">(\d+) stilling', narrowed)
        assert shown == count
        assert 'class="chosen" aria-current="true"' in narrowed
        (back,) = re.findall(r'<a href="([^"]+)" rel="nofollow" class="chosen"', narrowed)
        assert "3 stillinger" in service.get(back.replace("&amp;", "&")).text


def test_choices_of_a_kind_are_alternatives(service: Service) -> None:
    page = seen(service.get("/?municipality=OSLO"))
    assert "BERGEN 1" in page.text
    both = seen(service.get("/?municipality=OSLO&municipality=BERGEN"))
    assert "3 stillinger" in both.text
    assert len(both.all("a", **{"class": "chosen"})) == 2


def test_a_choice_that_leaves_nothing_can_be_taken_back(service: Service) -> None:
    page = seen(service.get("/?municipality=BOD%C3%98&lang=en"))
    assert "BODØ 0" in page.text
    (chosen,) = page.all("a", **{"class": "chosen"})
    assert chosen["href"] == "/?lang=en"
    assert "No matching vacancies" in page.text


def test_the_form_keeps_the_filters_and_begins_at_the_first_page(service: Service) -> None:
    page = seen(service.get("/?municipality=OSLO&page=2&ad=x&text=natt&lang=en"))
    hidden = {(one["name"], one["value"]) for one in page.all("input", type="hidden")}
    assert hidden == {("municipality", "OSLO"), ("lang", "en")}
    (field,) = page.all("input", type="search")
    assert field["value"] == "natt"


def test_pages_hold_each_ad_once(tmp_path: Path) -> None:
    with serving(tmp_path / "a.db", [ad(n, title=f"Nr {n}.") for n in range(60)], {}) as service:
        found: list[str] = []
        at = "/"
        while at:
            answer = service.get(at)
            found += re.findall(r"Nr \d+\.(?=</a>)", answer.text)
            following = seen(answer).all("a", rel="next")
            at = following[0]["href"] if following else ""
        assert len(found) == len(set(found)) == 60
        assert "viser 26 til 50" in seen(service.get("/?page=2")).text
        assert "1 stilling" in seen(service.get(f"/?uuid={uuid_of(3)}")).text


def test_an_ad_begins_with_the_way_to_apply(service: Service) -> None:
    for path in (f"/?ad={uuid_of(1)}", f"/ads/{uuid_of(1)}"):
        answer = service.get(path)
        page = seen(answer)
        (apply,) = page.all("a", id="apply")
        assert apply["href"] == "https://sykehjem.example/sok/1"
        assert (apply["rel"], apply["target"]) == ("noopener nofollow", "_blank")
        article = answer.text.partition("<article>")[2].partition("</article>")[0]
        links = re.findall(r'<a [^>]*href="([^"]+)"', article)
        assert links[0] == "https://sykehjem.example/sok/1"
        assert links[-1] == f"https://arbeidsplassen.nav.no/stillinger/stilling/{uuid_of(1)}"
        assert "Vi søker <strong>" not in article
        assert "Vi søker <b>syke</b>pleier." in article
        assert "Storgata 1, 5003 BERGEN" in page.text
        assert "Oppstart 4. januar 2027" in page.text
        assert "Om arbeidsgiveren" in page.text
        assert "Kari" not in page.text


def test_an_ad_without_a_page_to_apply_at_is_marked(serve: Serve) -> None:
    page = seen(serve(ad(1, applicationUrl="")).get(f"/ads/{uuid_of(1)}"))
    assert page.all("a", id="apply") == []
    assert "Annonsen har ingen søknadslenke" in page.text


def test_an_ad_with_little_content_is_shown_all_the_same(serve: Serve) -> None:
    nothing = dict.fromkeys(
        ["title", "jobtitle", "description", "employer", "extent", "starttime", "published"]
    )
    people = [{"name": None, "email": "", "phone": None, "role": None, "title": None}]
    service = serve(
        ad(1, **nothing, workLocations=[], occupationCategories=[], contactList=people),
        with_contacts=True,
    )
    for path in ("/", f"/?ad={uuid_of(1)}", f"/ads/{uuid_of(1)}"):
        assert "(uten tittel)" in seen(service.get(path)).text


def test_counts_that_two_want_at_the_same_time_are_made_once(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting: Queue[str] = Queue()
    go_on = Event()
    original = facets_module._counted

    def counted(*given: Any) -> Any:
        counting.put("begun")
        assert go_on.wait(30)
        return original(*given)

    monkeypatch.setattr(facets_module, "_counted", counted)
    service = serve(*ADS)  # whose warming counts first
    assert counting.get(timeout=30)
    pages: list[int] = []
    readers = [Thread(target=lambda: pages.append(service.get("/").status)) for _ in range(2)]
    for one in readers:
        one.start()
    with pytest.raises(Empty):
        counting.get(timeout=0.1)
    go_on.set()
    for one in readers:
        one.join()
    assert pages == [200, 200]
    assert counting.empty()


def test_a_service_of_old_data_starts_without_counting(serve: Serve) -> None:
    service = serve(*ADS, max_age=timedelta())
    service.pass_time(timedelta(seconds=1))
    assert service.get("/healthz").status == 503


def test_contacts_are_shown_where_that_is_configured(serve: Serve) -> None:
    page = seen(serve(ad(1), with_contacts=True).get(f"/ads/{uuid_of(1)}"))
    assert "Kari Nordmann, Avdelingsleder, 19 00 00 01, kari@sykehjem.example" in page.text


def test_the_ad_that_is_read_is_marked_in_the_list(service: Service) -> None:
    page = seen(service.get(f"/?ad={uuid_of(2)}&municipality=OSLO"))
    (read,) = [one for one in page.all("a") if one.get("aria-current") and "ad=" in one["href"]]
    assert read["href"] == f"/?municipality=OSLO&ad={uuid_of(2)}#reading"
    (back,) = page.all("a", **{"class": "back"})
    assert back["href"] == "/?municipality=OSLO#results"


def test_an_ad_that_left_meanwhile_leaves_the_list_in_place(service: Service) -> None:
    page = seen(service.get(f"/?ad={uuid_of(9)}"))
    assert len(titles(page)) == 3
    assert "Denne stillingen finnes ikke" in page.text
    alone = service.get(f"/ads/{uuid_of(9)}")
    assert alone.status == 404
    assert "Denne stillingen finnes ikke" in seen(alone).text


def test_what_is_searched_for_is_marked(service: Service) -> None:
    answer = service.get("/?text=s%C3%B8ker")
    assert "<mark>søker</mark>" in answer.text


def test_old_data_is_not_shown_as_new(serve: Serve) -> None:
    service = serve(ad(1), max_age=timedelta(hours=1))
    service.pass_time(timedelta(hours=2))
    for path in ("/", f"/?ad={uuid_of(1)}", f"/ads/{uuid_of(1)}"):
        answer = service.get(path)
        assert answer.status == 503
        page = seen(answer)
        assert "Stillingene kan ikke vises nå" in page.text
        assert "Sykepleier" not in page.text


def test_data_that_may_be_old_is_marked(serve: Serve) -> None:
    service = serve(ad(1), max_age=None)
    service.pass_time(timedelta(days=2))
    page = seen(service.get("/?lang=en"))
    assert "Last updated 21 November 2026 13:00. Vacancies may have been withdrawn" in page.text
    assert page.all("p", role="status")


def test_data_of_no_known_age_is_marked(tmp_path: Path) -> None:
    with serving(tmp_path / "a.db", [], {"max_age": None}) as service:
        assert "Det er ukjent når dataene ble oppdatert" in seen(service.get("/")).text


@pytest.mark.parametrize(
    ("query", "accepted", "code"),
    [
        *(("", "", "nb"), ("", "en-GB,en;q=0.9", "en"), ("", "nn-NO,en;q=0.5", "nb")),
        *(("", "de,fr", "nb"), ("", "de,en;q=0.2", "en"), ("lang=en", "nb", "en")),
        *(("lang=nb", "en", "nb"), ("lang=xx", "en", "en")),
    ],
)
def test_the_language_is_the_readers(
    service: Service, query: str, accepted: str, code: str
) -> None:
    answer = service.get(f"/?{query}", Accept_Language=accepted)
    (html,) = seen(answer).all("html")
    assert html["lang"] == code
    assert answer.headers["vary"] == "Accept-Language, Origin"


def test_both_languages_say_the_same(service: Service) -> None:
    assert NB.words.keys() == EN.words.keys()
    templates = Path(navfeed.serve.__file__).with_name("templates")
    used = {
        name
        for template in templates.iterdir()
        for name in re.findall(r't\["(\w+)"\]', template.read_text(encoding="utf-8"))
    }
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in templates.parent.glob("*.py")
        if path.name != "words.py"
    )
    for name in NB.words:
        built = name.rsplit("_", 1)[0] in {"sort", "within", "problem", "mark", "set"}
        assert name in used or f'"{name}"' in code or built, f"{name} is said nowhere"
    for name in NB.words:
        fields = re.compile(r"\{\w+\}")
        assert fields.findall(NB.words[name]) == fields.findall(EN.words[name])


def test_the_command_that_it_shows_lists_the_same(service: Service) -> None:
    page = service.get("/?municipality=OSLO&text=%22natt%22&sort=due").text
    shown, watch = re.findall(r"<code>(.*?)</code>", page)
    assert watch == "navfeed watch add NAME --text &#39;&#34;natt&#34;&#39; --municipality OSLO"
    words = shlex.split(shown.replace("&#39;", "'").replace("&#34;", '"'))
    assert words[:2] == ["navfeed", "list"]
    with time_machine.travel(NOW, tick=False):
        listed = json.loads(answer(service.db, *words[1:], "--format", "json"))
    assert [one["uuid"] for one in listed] == [uuid_of(2)]


def test_a_filter_without_a_value_has_none_in_the_command(service: Service) -> None:
    page = service.get("/?closing-soon=1&municipality=OSLO").text
    assert "<code>navfeed list --municipality OSLO --closing-soon</code>" in page


def test_the_feed_is_of_the_same_filters(service: Service) -> None:
    page = seen(service.get("/?municipality=OSLO&sort=due&page=1"))
    (feed,) = page.all("link", rel="alternate")
    assert feed["href"] == "/feed.atom?municipality=OSLO"
    assert service.get(feed["href"]).status == 200


def test_wrong_addresses_are_reported(service: Service) -> None:
    for query in ("munic=x", "page=0", "page=x", "sort=x", "published=x", "text=%22"):
        answer = service.get(f"/?{query}")
        assert answer.status == 400
        assert "Ugyldig adresse" in seen(answer).text


def test_every_link_leads_somewhere_here_or_to_the_web(service: Service) -> None:
    for path in ("/", f"/?ad={uuid_of(1)}&text=kokk", f"/ads/{uuid_of(1)}", "/?munic=x"):
        page = seen(service.get(path))
        targets = [one["href"] for one in (*page.all("a"), *page.all("link"))]
        targets += [one["src"] for one in page.all("script")]
        assert len(targets) > 4
        for target in targets:
            url = urlsplit(urljoin(f"http://here{path}", target))
            if url.netloc != "here":
                assert url.scheme == "https"
                continue
            here = f"{url.path}?{url.query}" if url.query else url.path
            assert service.get(here).status == 200, here


def test_everything_stands_below_the_root_path(tmp_path: Path) -> None:
    """A proxy passes /jobs/... on without /jobs, and the browser must get back to it."""
    with serving(tmp_path / "a.db", ADS, {"root_path": "/jobs"}) as service:
        page = seen(service.get(f"/?municipality=OSLO&ad={uuid_of(2)}"))
        targets = [one["href"] for one in (*page.all("a"), *page.all("link"))]
        local = [one for one in targets if not one.startswith(("https://", "#"))]
        assert len(local) > 10
        assert all(one.startswith("/jobs/") for one in local)
        (form,) = page.all("form")
        assert form["action"] == "/jobs/"
        for one in local:
            assert service.get(one.removeprefix("/jobs")).status == 200
        for path in ("/healthz", "/public-feed/api/v1/ads", "/api/ads", "/feed.atom"):
            assert service.get(path).status == 200
        assert service.request("POST", "/public-feed/api/v1/ads").status == 404


def test_nothing_runs_inline_and_nothing_comes_from_elsewhere(service: Service) -> None:
    for path in ("/", f"/?ad={uuid_of(1)}", f"/ads/{uuid_of(1)}", "/?munic=x"):
        answer = service.get(path)
        page = seen(answer)
        assert page.all("style") == []
        for tag, attributes in page.elements:
            assert "style" not in attributes
            assert not [name for name in attributes if name.startswith("on")]
            if tag in {"script", "img"}:
                assert attributes["src"].startswith("/static/")
        for script in re.findall(r"<script[^>]*>(.*?)</script>", answer.text, re.DOTALL):
            assert script == ""


def test_what_stands_still_may_be_kept(service: Service) -> None:
    page = seen(service.get("/"))
    (script,) = page.all("script")
    answer = service.get(script["src"])
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/javascript")
    for name in ("nothing.js", "..%2fapp.py", "%2e%2e/app.py", "."):
        assert service.get(f"/static/{name}").status == 404
