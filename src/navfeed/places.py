"""Norway's municipalities and counties, and the spellings that ads have for one and the same.

Ads say `HERØY` and `HERØY (NORDLAND)`, `KARASJOK` and `KÁRÁŠJOHKA KARASJOK` (feed.md 3). Whoever
names one of them means the municipality. Where a bare name is that of two municipalities (HERØY,
VÅLER), it means both; with a county in brackets it means that one, which ads also call by the bare
name beside that county, or beside none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache

from navfeed.text.letters import fold


@dataclass(frozen=True, slots=True)
class Named:
    """How an ad may write a place that is meant, folded; `counties`: beside these alone, or none.

    Without `counties`, whatever stands beside it.
    """

    municipal: str
    counties: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class _Municipality:
    names: tuple[str, ...]
    county: tuple[str, ...]

    def qualified(self) -> Iterator[str]:
        return (f"{name} ({county})" for name in self.names for county in self.county)


@lru_cache(maxsize=1_000)  # a scope asks for the same few with every ad
def ways_to_write(name: str) -> frozenset[Named]:
    """Every way in which ads write the municipality of that name; `name` itself is among them."""
    wanted = fold(name)
    found = {Named(wanted)}
    for one in _named().get(wanted, ()):
        beside = None if wanted in one.names else frozenset(one.county)
        found |= {Named(way, beside) for way in one.names}
        found |= {Named(way) for way in one.qualified()}
    return frozenset(found)


def is_one_of(ways: Iterable[Named], municipal: str | None, county: str | None) -> bool:
    """Whether a place of an ad is written in one of these ways."""
    says, beside = fold(municipal or ""), fold(county or "")
    return bool(says) and any(
        way.municipal == says and (not beside or way.counties is None or beside in way.counties)
        for way in ways
    )


def county_names(name: str) -> frozenset[str]:
    """The names of the county of that name, folded; `name` itself is among them."""
    wanted = fold(name)
    return frozenset({wanted}.union(*(names for names in _counties() if wanted in names)))


def is_municipality(name: str) -> bool:
    return fold(name) in _named()


def is_county(name: str) -> bool:
    return any(fold(name) in names for names in _counties())


def municipalities() -> list[str]:
    """All that municipalities are called, in capitals as ads have it."""
    return [name.upper() for one in _table() for name in one.names]


def counties() -> list[str]:
    """All that counties are called, in capitals as ads have it."""
    return [name.upper() for names in _counties() for name in names]


def alike(name: str, known: Iterable[str]) -> list[str]:
    """Those of the `known` names that look most like `name`, the likest first."""
    by_fold = {fold(one): one for one in known}
    return [by_fold[one] for one in get_close_matches(fold(name), by_fold)]


@cache
def _table() -> tuple[_Municipality, ...]:
    return tuple(_read())


@cache
def _counties() -> tuple[tuple[str, ...], ...]:
    return tuple(dict.fromkeys(one.county for one in _table()))


@cache
def _named() -> dict[str, list[_Municipality]]:
    """The municipalities by each of their names, folded."""
    found = defaultdict(list)
    for one in _table():
        for name in (*one.names, *one.qualified()):
            found[name].append(one)
    return dict(found)


def _read() -> Iterator[_Municipality]:
    """Names in two languages also stand in a row: `KÁRÁŠJOHKA KARASJOK`."""
    for line in _MUNICIPALITIES.replace("\n  ", " ").strip().splitlines():
        county, _, names = fold(line).partition(": ")
        for each in names.split(", "):
            official, *navs = each.split("=")
            single = official.split("/")
            rows = [mark.join(single) for mark in (" ", " - ") if len(single) > 1]
            yield _Municipality((*single, *rows, *navs), tuple(county.split("/")))


# As of 2024, in the order of their numbers. Official names, several parted by a stroke; behind "="
# what NAV's lists say where that is yet another. Source: Kartverket, CC BY 4.0.
_MUNICIPALITIES = """
Oslo: Oslo
Rogaland: Eigersund, Stavanger, Haugesund, Sandnes, Sokndal, Lund, Bjerkreim, Hå, Klepp, Time,
  Gjesdal, Sola, Randaberg, Strand, Hjelmeland, Suldal, Sauda, Kvitsøy, Bokn, Tysvær, Karmøy,
  Utsira, Vindafjord
Møre og Romsdal: Kristiansund, Molde, Ålesund, Vanylven, Sande, Herøy, Ulstein, Hareid, Ørsta,
  Stranda, Sykkylven, Sula, Giske, Vestnes, Rauma, Aukra, Averøy, Gjemnes, Tingvoll, Sunndal,
  Surnadal, Smøla, Aure, Volda, Fjord, Hustadvika, Haram
Nordland/Nordlánnda: Bodø, Narvik, Bindal, Sømna, Brønnøy, Vega, Vevelstad, Herøy, Alstahaug,
  Leirfjord, Vefsn, Grane, Aarborte/Hattfjelldal, Dønna, Nesna, Hemnes, Rana, Lurøy, Træna, Rødøy,
  Meløy, Gildeskål, Beiarn, Saltdal, Fauske/Fuossko, Sørfold, Steigen, Lødingen, Evenes/Evenášši,
  Røst, Værøy, Flakstad, Vestvågøy, Vågan, Hadsel, Bø, Øksnes, Sortland/Suortá, Andøy, Moskenes,
  Hábmer/Hamarøy
Østfold: Halden, Moss, Sarpsborg, Fredrikstad, Hvaler, Råde, Våler, Skiptvet, Indre Østfold,
  Rakkestad, Marker, Aremark
Akershus: Bærum, Asker, Lillestrøm, Nordre Follo, Ullensaker, Nesodden, Frogn, Vestby, Ås,
  Enebakk, Lørenskog, Rælingen, Aurskog-Høland, Nes, Gjerdrum, Nittedal, Lunner, Jevnaker,
  Nannestad, Eidsvoll, Hurdal
Buskerud: Drammen, Kongsberg, Ringerike, Hole, Lier, Øvre Eiker, Modum, Krødsherad, Flå, Nesbyen,
  Gol, Hemsedal, Ål, Hol, Sigdal, Flesberg, Rollag, Nore og Uvdal
Innlandet: Kongsvinger, Hamar, Lillehammer, Gjøvik, Ringsaker, Løten, Stange, Nord-Odal, Sør-Odal,
  Eidskog, Grue, Åsnes, Våler, Elverum, Trysil, Åmot, Stor-Elvdal, Rendalen, Engerdal, Tolga,
  Tynset, Alvdal, Folldal, Os, Dovre, Lesja, Skjåk, Lom, Vågå, Nord-Fron, Sel, Sør-Fron, Ringebu,
  Øyer, Gausdal, Østre Toten, Vestre Toten, Gran, Søndre Land, Nordre Land, Sør-Aurdal, Etnedal,
  Nord-Aurdal, Vestre Slidre, Øystre Slidre, Vang
Vestfold: Horten, Holmestrand, Tønsberg, Sandefjord, Larvik, Færder
Telemark: Porsgrunn, Skien, Notodden, Siljan, Bamble, Kragerø, Drangedal, Nome, Midt-Telemark,
  Seljord, Hjartdal, Tinn, Kviteseid, Nissedal, Fyresdal, Tokke, Vinje
Agder: Risør, Grimstad, Arendal, Kristiansand, Lindesnes, Farsund, Flekkefjord, Gjerstad,
  Vegårshei, Tvedestrand, Froland, Lillesand, Birkenes, Åmli, Iveland, Evje og Hornnes, Bygland,
  Valle, Bykle, Vennesla, Åseral, Lyngdal, Hægebostad, Kvinesdal, Sirdal
Vestland: Bergen, Kinn, Etne, Sveio, Bømlo, Stord, Fitjar, Tysnes, Kvinnherad, Ullensvang,
  Eidfjord, Ulvik, Voss, Kvam, Samnanger, Bjørnafjorden, Austevoll, Øygarden, Askøy, Vaksdal,
  Modalen, Osterøy, Alver, Austrheim, Fedje, Masfjorden, Gulen, Solund, Hyllestad, Høyanger, Vik,
  Sogndal, Aurland, Lærdal, Årdal, Luster, Askvoll, Fjaler, Sunnfjord, Bremanger, Stad, Gloppen,
  Stryn
Trøndelag/Trööndelage: Trondheim/Tråante, Steinkjer, Namsos/Nåavmesjenjaelmie, Frøya, Osen,
  Oppdal, Rennebu, Rosse/Røros, Holtålen, Midtre Gauldal, Melhus, Skaun, Malvik, Selbu, Tydal,
  Meråker, Stjørdal, Frosta, Levanger, Verdal, Snåase/Snåsa, Lierne, Raarvihke/Røyrvik,
  Namsskogan, Grong, Høylandet, Overhalla, Flatanger, Leka, Inderøy, Indre Fosen, Heim, Hitra,
  Ørland, Åfjord, Orkland, Nærøysund, Rindal
Troms/Romsa/Tromssa: Tromsø, Harstad/Hárstták, Kvæfjord, Dielddanuorri/Tjeldsund, Ibestad,
  Gratangen, Loabák/Lavangen, Bardu, Salangen, Målselv, Sørreisa, Dyrøy, Senja, Balsfjord,
  Karlsøy, Lyngen, Storfjord/Omasvuotna/Omasvuono, Gáivuotna/Kåfjord/Kaivuono=Gáivuotna Kåfjord,
  Skjervøy, Nordreisa/Ráisa/Raisi, Kvænangen
Finnmark/Finnmárku/Finmarkku: Alta, Hammerfest/Hámmerfeasta, Sør-Varanger, Vadsø,
  Kárášjohka/Karasjok=Karasjohka Karasjok, Guovdageaidnu/Kautokeino, Loppa, Hasvik, Måsøy,
  Nordkapp, Porsanger/Porsáŋgu/Porsanki=Porsanger Porsángu Porsanki, Lebesby, Gamvik, Deatnu/Tana,
  Berlevåg, Båtsfjord, Vardø, Unjárga/Nesseby=Unjargga Nesseby
Svalbard: Svalbard
"""
