"""The page's own words, in Norwegian (bokmål) and in English."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from navfeed.model import OSLO


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the page: its code, its name in itself, its words."""

    code: str
    name: str
    words: dict[str, str]
    months: tuple[str, ...]

    def day(self, day: date | None) -> str:
        """`10. desember 2026`, `10 December 2026`."""
        if day is None:
            return ""
        dot = "." if self.code == "nb" else ""
        return f"{day.day}{dot} {self.months[day.month - 1]} {day.year}"

    def moment(self, moment: datetime | None) -> str:
        """The day and the snapshot in Oslo."""
        if moment is None:
            return ""
        local = moment.astimezone(OSLO)
        return f"{self.day(local.date())} {local:%H:%M}"

    def __getitem__(self, name: str) -> str:
        return self.words[name]


NB = Language(
    "nb",
    "Norsk",
    {
        "title": "Ledige stillinger",
        "search": "Søk i stillinger",
        "search_hint": 'Ord, "ord etter hverandre", begynnelse*, -uten',
        "go": "Søk",
        "filters": "Filtrer",
        "all": "Nullstill filtre",
        "sort": "Sorter etter",
        "sort_published": "Nyeste først",
        "sort_due": "Søknadsfrist først",
        "sort_relevance": "Mest relevante først",
        "sort_employer": "Arbeidsgiver",
        "county": "Fylke",
        "municipal": "Kommune",
        "level1": "Yrkesgruppe",
        "level2": "Yrke",
        "extent": "Heltid/deltid",
        "engagement": "Ansettelsesform",
        "sector": "Sektor",
        "due": "Søknadsfrist",
        "within_3": "Innen 3 dager",
        "within_7": "Innen en uke",
        "within_14": "Innen to uker",
        "more": "Vis flere",
        "ads_none": "Fant ingen stillinger. Prøv med færre filtre.",
        "did_you_mean": "Mente du",
        "ads_one": "1 stilling",
        "ads_many": "{count} stillinger",
        "shown": "viser {first} til {last}",
        "next": "Neste side",
        "previous": "Forrige side",
        "reading": "Stillingen",
        "pick": "Velg en stilling i listen for å lese den.",
        "apply": "Søk på stillingen",
        "apply_note": "på arbeidsgiverens side, i nytt vindu",
        "no_apply": "Annonsen har ingen søknadslenke. Les i annonsen hvordan du søker.",
        "apply_by": "Søknadsfrist",
        "closes_today": "Fristen er i dag",
        "closes_soon": "Fristen går ut om {days} dager",
        "closes_tomorrow": "Fristen går ut i morgen",
        "places": "Arbeidssted",
        "engagement_type": "Ansettelsesform",
        "positions": "Antall stillinger",
        "start_time": "Oppstart",
        "occupations": "Yrke",
        "published": "Publisert",
        "last_day": "Vises til og med",
        "source": "Kilde",
        "at_nav": "Annonsen på arbeidsplassen.nav.no",
        "contacts": "Kontaktpersoner",
        "about": "Om arbeidsgiveren",
        "homepage": "Arbeidsgiverens nettsted",
        "alone": "Åpne på egen side",
        "back": "Tilbake til listen",
        "untitled": "(uten tittel)",
        "fresh": "Oppdatert {moment}",
        "stale_warning": "Sist oppdatert {moment}. Stillinger kan ha blitt trukket tilbake siden.",
        "unknown_age": "Det er ukjent når dataene ble oppdatert.",
        "command": "Det samme på kommandolinjen",
        "watch_command": "Få beskjed om nye annonser som passer (velg et navn)",
        "map": "Stillinger på kart",
        "show_map": "Vis på kart",
        "by_municipality": "Stillinger per kommune",
        "vacancies": "Stillinger",
        "skip_map": "Hopp til tabellen",
        "map_note": "En stilling med flere arbeidssteder telles i hver kommune.",
        "mine": "Mine",
        "mark_saved": "Lagret",
        "mark_applied": "Søkt",
        "mark_ignored": "Skjult",
        "set_saved": "Lagre",
        "set_applied": "Merk som søkt",
        "set_ignored": "Skjul",
        "feed": "Atom",
        "keys": "Tastatur",
        "key_search": "søk",
        "key_next": "neste og forrige stilling",
        "key_open": "åpne søknadssiden",
        "key_alone": "åpne på egen side",
        "key_save": "lagre stillingen, eller fjern merket",
        "key_help": "vis denne hjelpen",
        "skip": "Hopp til stillingene",
        "problem_404": "Denne stillingen finnes ikke, eller vises ikke lenger",
        "problem_400": "Ugyldig adresse",
        "problem_503": "Stillingene kan ikke vises nå",
        "source_note": "Stillingene er hentet fra NAVs stillingsfeed med navfeed.",
        "new_window": "åpnes i nytt vindu",
    },
    (
        *("januar", "februar", "mars", "april", "mai", "juni", "juli"),
        *("august", "september", "oktober", "november", "desember"),
    ),
)

EN = Language(
    "en",
    "English",
    {
        "title": "Vacancies in Norway",
        "search": "Search vacancies",
        "search_hint": 'Words, "words in a row", beginning*, -without',
        "go": "Search",
        "filters": "Filters",
        "all": "Remove all filters",
        "sort": "Sort by",
        "sort_published": "Newest first",
        "sort_due": "Closing first",
        "sort_relevance": "Most relevant first",
        "sort_employer": "Employer",
        "county": "County",
        "municipal": "Municipality",
        "level1": "Occupational group",
        "level2": "Occupation",
        "extent": "Full-time/part-time",
        "engagement": "Employment type",
        "sector": "Sector",
        "due": "Apply by",
        "within_3": "Within 3 days",
        "within_7": "Within a week",
        "within_14": "Within two weeks",
        "more": "Show more",
        "ads_none": "No matching vacancies. Try fewer filters.",
        "did_you_mean": "Did you mean",
        "ads_one": "1 vacancy",
        "ads_many": "{count} vacancies",
        "shown": "showing {first} to {last}",
        "next": "Next page",
        "previous": "Previous page",
        "reading": "The vacancy",
        "pick": "Choose a vacancy in the list to read it here.",
        "apply": "Apply for this job",
        "apply_note": "on the employer's site, in a new window",
        "no_apply": "The ad has no application link. Read in the ad how to apply.",
        "apply_by": "Apply by",
        "closes_today": "Closes today",
        "closes_soon": "Closes in {days} days",
        "closes_tomorrow": "Closes tomorrow",
        "places": "Place of work",
        "engagement_type": "Employment type",
        "positions": "Positions",
        "start_time": "Start",
        "occupations": "Occupation",
        "published": "Published",
        "last_day": "Shown until",
        "source": "Source",
        "at_nav": "The ad on arbeidsplassen.nav.no",
        "contacts": "Contacts",
        "about": "About the employer",
        "homepage": "The employer's website",
        "alone": "Open on its own page",
        "back": "Back to the list",
        "untitled": "(no title)",
        "fresh": "Updated {moment}",
        "stale_warning": "Last updated {moment}. Vacancies may have been withdrawn since.",
        "unknown_age": "It is not known when the data was updated.",
        "command": "The same on the command line",
        "watch_command": "Get notified of new ads that match (choose a name)",
        "map": "Vacancies on a map",
        "show_map": "Show on a map",
        "by_municipality": "Vacancies by municipality",
        "vacancies": "Vacancies",
        "skip_map": "Skip to the table",
        "map_note": "A vacancy with several places of work counts in each municipality.",
        "mine": "Mine",
        "mark_saved": "Saved",
        "mark_applied": "Applied",
        "mark_ignored": "Hidden",
        "set_saved": "Save",
        "set_applied": "Mark as applied",
        "set_ignored": "Hide",
        "feed": "Atom",
        "keys": "Keyboard",
        "key_search": "search",
        "key_next": "next and previous vacancy",
        "key_open": "open the page to apply at",
        "key_alone": "open on a page of its own",
        "key_save": "save the vacancy, or remove the mark",
        "key_help": "show this help",
        "skip": "Skip to the vacancies",
        "problem_404": "There is no such vacancy, or it is no longer shown",
        "problem_400": "Invalid address",
        "problem_503": "The vacancies cannot be shown now",
        "source_note": "The vacancies come from NAV's job vacancy feed. Shown by navfeed.",
        "new_window": "opens in a new window",
    },
    (
        *("January", "February", "March", "April", "May", "June", "July"),
        *("August", "September", "October", "November", "December"),
    ),
)

LANGUAGES = {language.code: language for language in (NB, EN)}
_NORWEGIAN = ("nb", "no", "nn", "da", "sv")


def chosen(wanted: str, accepted: str) -> Language:
    """By the address, else the first of the browser's languages that there is, else Norwegian."""
    if wanted in LANGUAGES:
        return LANGUAGES[wanted]
    for part in accepted.lower().split(","):
        code = part.partition(";")[0].strip().partition("-")[0]
        if code in _NORWEGIAN:
            return NB
        if code == "en":
            return EN
    return NB
