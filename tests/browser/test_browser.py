"""The page in a real browser: by mouse, by keyboard, without scripts, narrow, dark, enlarged."""

from __future__ import annotations

import pytest

from browser.conftest import Open
from cli.support import uuid_of

KNOWN = "Sykepleier natt i Bodø"
READING = f"/?ad={uuid_of(1)}"

SIGHTS = {
    "the list": ("/", {}),
    "an ad": (READING, {}),
    "in English": (f"{READING}&lang=en&text=natt", {}),
    "dark": (f"{READING}&text=natt", {"dark": True}),
    "on a tablet": ("/", {"width": 900}),
    "on a phone": ("/?municipal=BODØ", {"width": 360}),
    "an ad on a phone": (READING, {"width": 360}),
    "at 200 % on a small laptop": (READING, {"width": 640}),
    "at 400 %": ("/", {"width": 320}),
    "alone": (f"/ads/{uuid_of(1)}", {}),
    "the map": ("/map", {}),
    "the map on a phone, dark": ("/map?lang=en", {"width": 360, "dark": True}),
    "the map at 400 %": ("/map?municipal=BODØ", {"width": 320}),
    "nothing on the map": ("/map?text=finnesikke", {}),
    "nothing found": ("/?text=finnesikke", {}),
}


@pytest.mark.parametrize("sight", SIGHTS)
def test_everybody_can_read_it(visit: Open, sight: str) -> None:
    """axe-core finds nothing, in any of its rules, and nothing has to be scrolled sideways."""
    from axe_playwright_python.sync_playwright import Axe

    address, how = SIGHTS[sight]
    page = visit(address, **how)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_search_narrow_down_read_and_go_back(visit: Open) -> None:
    page = visit("/")
    page.get_by_role("searchbox").fill("sykepleier natt")
    page.get_by_role("button", name="Søk").click()
    assert "text=sykepleier+natt" in page.url
    page.get_by_role("link", name="BODØ").first.click()
    assert "municipality=BOD%C3%98" in page.url
    narrowed = page.url
    page.get_by_role("link", name=KNOWN).click()
    apply = page.get_by_role("link", name="Søk på stillingen")
    assert apply.get_attribute("href") == "https://sykehjem.example/sok/1"
    assert page.locator(".reading h2").inner_text() == KNOWN
    page.go_back()
    assert page.url == narrowed
    page.get_by_role("link", name="BODØ").first.click()
    assert "municipal" not in page.url


def test_another_order_comes_at_once(visit: Open) -> None:
    page = visit("/")
    with page.expect_navigation():
        page.get_by_label("Sorter etter").select_option("due")
    assert "sort=due" in page.url


def test_the_keyboard(visit: Open) -> None:
    page = visit("/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "text"
    page.keyboard.type("jk")  # letters while one types
    assert page.locator("#text").input_value() == "jk"
    page.locator("h2").first.click()
    titles = page.locator(".rows a").all_inner_texts()
    for key, expected in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        with page.expect_navigation():
            page.keyboard.press(key)
        assert page.locator(".reading h2").inner_text() == titles[expected]
        assert page.evaluate("document.activeElement.getAttribute('aria-current')") == "true"
    page.go_back()
    assert page.locator(".pick").is_visible()
    page.keyboard.press("?")
    assert page.locator(".keys.open").is_visible()
    page.keyboard.press("Escape")
    assert page.locator(".keys.open").count() == 0


def test_the_key_that_opens_the_way_to_apply(visit: Open) -> None:
    """Where it leads is looked at; nobody is called."""
    page = visit(READING)
    page.evaluate(
        "document.getElementById('apply').addEventListener('click', (event) => {"
        "event.preventDefault(); document.title = event.currentTarget.href })"
    )
    page.keyboard.press("o")
    assert page.title() == "https://sykehjem.example/sok/1"


@pytest.mark.parametrize("scripts", [True, False])
def test_an_ad_is_saved_hidden_and_brought_back(visit: Open, scripts: bool) -> None:
    page = visit(READING, scripts=scripts)
    if scripts:
        with page.expect_navigation():
            page.keyboard.press("s")
    else:
        page.get_by_role("button", name="Lagre", exact=True).click()
    saved = page.get_by_role("button", name="Lagre", exact=True)
    assert saved.get_attribute("aria-pressed") == "true"
    assert page.url.endswith(READING)
    page.get_by_role("link", name="Lagret 1").click()
    assert page.locator(".rows a").all_inner_texts() == [KNOWN]
    page.get_by_role("link", name=KNOWN).click()
    page.get_by_role("button", name="Skjul").click()
    assert "mark=saved" in page.url
    assert page.locator(".rows a").count() == 0
    page.get_by_role("button", name="Skjul").click()
    assert page.locator(".triage [aria-pressed=true]").count() == 0


def test_a_watch_leads_to_its_ads_and_its_feed(visit: Open) -> None:
    page = visit("/")
    page.get_by_role("link", name="bodo-natt", exact=True).click()
    assert page.locator(".rows a").all_inner_texts() == [KNOWN]
    feed = page.get_by_role("link", name="Atom: bodo-natt").get_attribute("href")
    assert feed == "/feed.atom?watch=bodo-natt"


def test_the_map_leads_to_the_ads_of_a_place(visit: Open) -> None:
    page = visit("/?extent=Heltid")
    page.get_by_role("link", name="Vis på kart").click()
    table = page.get_by_role("table")
    first = table.get_by_role("link").first
    name = first.inner_text()
    with page.expect_navigation():
        page.locator("svg a").first.dispatch_event("click")
    assert "extent=Heltid" in page.url
    assert {*page.locator("a.chosen .label").all_inner_texts()} == {name, "Heltid"}
    page.go_back()
    first.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator(".rows li").count() > 0


def test_by_the_keyboard_the_map_is_passed_over(visit: Open) -> None:
    page = visit("/map")
    for _ in range(2):
        page.keyboard.press("Tab")
    page.locator(".back").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('table') !== null")


def test_the_key_that_opens_a_page_of_its_own(visit: Open) -> None:
    page = visit(READING)
    with page.expect_navigation():
        page.keyboard.press("a")
    assert page.url.split("?")[0].endswith(f"/ads/{uuid_of(1)}")


@pytest.mark.parametrize("width", [1400, 360])
def test_without_scripts_nothing_is_missing(visit: Open, width: int) -> None:
    page = visit("/", scripts=False, width=width)
    page.get_by_role("searchbox").fill("natt bodø")
    page.get_by_role("button", name="Søk").click()
    page.get_by_role("link", name=KNOWN).click()
    assert page.get_by_role("link", name="Søk på stillingen").is_visible()
    page.get_by_role("link", name="Tilbake til listen").click()
    assert page.get_by_role("link", name=KNOWN).is_visible()
    page.get_by_role("link", name="English").click()
    assert page.locator("html").get_attribute("lang") == "en"


def test_on_a_phone_one_thing_at_a_time(visit: Open) -> None:
    page = visit("/?text=bod%C3%B8", width=360)
    assert not page.locator(".reading").is_visible()
    assert page.locator("details.facet[open]").count() == 0
    page.get_by_text("Fylke", exact=True).click()
    page.get_by_role("link", name="NORDLAND").first.click()
    assert page.locator("details.facet[open]").count() == 1
    page.get_by_role("link", name=KNOWN).click()
    assert not page.locator(".results").is_visible()
    assert page.locator(".reading h2").is_visible()
    for link in page.locator(".tools a, .button").all():
        box = link.bounding_box()
        assert box["height"] >= 24  # WCAG 2.2, 2.5.8
    page.get_by_role("link", name="Tilbake til listen").click()
    assert page.locator(".results").is_visible()


def test_by_the_keyboard_alone_the_first_stop_leads_to_the_list(visit: Open) -> None:
    page = visit("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "results"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.rows') !== null")


@pytest.mark.parametrize("address", ["/", READING])
def test_on_paper_what_was_read_and_nothing_to_press(visit: Open, address: str) -> None:
    page = visit(address)
    page.emulate_media(media="print")
    assert page.locator(".results").is_visible() == (address == "/")
    assert page.locator(".reading").is_visible() == (address == READING)
    for part in (".search", ".filters", ".tools", ".keys"):
        assert not page.locator(part).first.is_visible()
