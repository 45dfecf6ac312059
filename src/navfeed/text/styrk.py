"""STYRK-08: the names of the occupational groups with one and two digits.

Source: Statistics Norway, Standard Classification of Occupations (STYRK-08, Klass 7), CC BY 4.0.
"""

from __future__ import annotations

import re
from functools import cache

_CODE = re.compile(r"[0-9]{4}(?![0-9])")


def styrk_group(code: str | None, digits: int) -> str | None:
    """The group of a code on one of its levels, with its name where that is known here.

    >>> styrk_group("2223", 2)
    '22 Medisinske yrker'
    >>> styrk_group("5120.01", 4)  # one of NAV's own codes
    '5120'
    """
    if code is None or not _CODE.match(code):
        return None
    group = code[:digits]
    return f"{group} {_names().get(group, '')}".strip()


@cache
def _names() -> dict[str, str]:
    found = {}
    for line in _GROUPS.strip().splitlines():
        code, _, name = line.partition(" ")
        found[code] = name
    return found


_GROUPS = """
0 Militære yrker og uoppgitt
01 Offiserer fra fenrik og høyere grad
02 Befal med sersjant grad
03 Menige
1 Ledere
11 Politikere og toppledere
12 Administrative og merkantile ledere
13 Ledere av produksjon og utvikling
14 Ledere av hoteller, restauranter og annen tjenesteyting
2 Akademiske yrker
21 Realister, sivilingeniører mv.
22 Medisinske yrker
23 Undervisningsyrker
24 Rådgivere innen økonomi, administrasjon og salg
25 IKT-rådgivere
26 Jurister, samfunnsvitere og humanister
3 Høyskoleyrker
31 Ingeniører mv.
32 Helserelaterte yrker
33 Medarbeidere innen økonomi, administrasjon og salg
34 Yrker innen jus, sosialt arbeid, kultur, idrett mv.
35 IKT-teknikere
4 Kontoryrker
41 Kontormedarbeidere
42 Kundeservicemedarbeidere
43 Medarbeidere innen lager, transport og regnskap
44 Andre kontormedarbeidere
5 Salgs- og serviceyrker
51 Yrker innen personlig tjenesteyting
52 Salgsyrker
53 Pleie- og omsorgsarbeidere
54 Sikkerhetsarbeidere
6 Bønder, fiskere mv.
61 Yrker innen jordbruk
62 Yrker innen skogbruk og fiske
7 Håndverkere
71 Bygningsarbeidere
72 Metall- og maskinarbeidere
73 Presisjonsarbeidere, kunsthåndverkere og grafiske arbeidere
74 Elektrikere og elektronikkarbeidere
75 Håndverkere innen næringsmiddel, treforedling, tekstil mv.
8 Prosess- og maskinoperatører, transportarbeidere mv.
81 Prosess- og maskinoperatører
82 Montører
83 Transportarbeidere
9 Renholdere, hjelpearbeidere mv.
91 Renholdere
92 Hjelpearbeidere innen jordbruk, skogbruk og fiske
93 Hjelpearbeidere innen bergverk, bygg, industri og transport
94 Kjøkkenassistenter
95 Gate- og torgselgere
96 Renovasjonsarbeidere og andre hjelpearbeidere
"""
