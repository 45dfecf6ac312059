"""Occupations as ads name them: a two-level grouping, job titles and STYRK08 codes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Occupation:
    """One occupation; `styrk` is (code, name), `related` a neighbouring one some ads also carry."""

    level1: str
    level2: str
    titles: tuple[str, ...]
    styrk: tuple[str, str]
    related: tuple[str, str]
    public: bool
    weight: int


def _read(table: str) -> tuple[Occupation, ...]:
    return tuple(_occupation(line) for line in table.strip().splitlines())


def _occupation(row: str) -> Occupation:
    level1, level2, titles, styrk, related, owner, weight = row.split("|")
    return Occupation(
        level1,
        level2,
        tuple(titles.split(", ")),
        (styrk[:4], styrk[5:]),
        (related[:4], related[5:]),
        owner == "public",
        int(weight),
    )


OCCUPATIONS = _read("""
Helse og sosial|Sykepleier|Sykepleier, Sykepleier natt, Intensivsykepleier|2223 Sykepleiere|2221 Spesialsykepleiere|public|16
Helse og sosial|Helsefagarbeider|Helsefagarbeider, Helsefagarbeider i hjemmetjenesten|5321 Helsefagarbeidere|5329 Andre pleiemedarbeidere|public|16
Helse og sosial|Vernepleier|Vernepleier, Miljøterapeut|2224 Vernepleiere|2635 Rådgivere innen sosiale fagfelt|public|8
Helse og sosial|Lege|Lege i spesialisering, Kommuneoverlege, Fastlege|2211 Allmennpraktiserende leger|2212 Legespesialister|public|5
Helse og sosial|Fysioterapeut|Fysioterapeut, Kommunefysioterapeut|2264 Fysioterapeuter|2267 Ergoterapeuter|public|4
Helse og sosial|Assistent|Personlig assistent (BPA), Pleieassistent|5322 Hjemmehjelper|5329 Andre pleiemedarbeidere|public|9
Undervisning|Førskolelærer|Førskolelærer, Pedagogisk leder, Barnehagelærer|2342 Førskolelærere|5311 Barnehage- og skolefritidsassistenter mv.|public|10
Undervisning|Grunnskole|Lærer, Kontaktlærer 1.-4. trinn, Faglærer i norsk|2341 Grunnskolelærere|2320 Yrkesfaglærere|public|11
Undervisning|Videregående skole|Lektor i realfag, Adjunkt|2330 Lektorer mv. (videregående skole)|2341 Grunnskolelærere|public|5
Undervisning|Barne- og ungdomsarbeider|Barne- og ungdomsarbeider, Barnehageassistent|5311 Barnehage- og skolefritidsassistenter mv.|5312 Skoleassistenter|public|7
Salg og service|Butikkansatt|Butikkmedarbeider, Butikkselger, Ekstrahjelp i butikk|5223 Butikkmedarbeidere|5230 Billettselgere|private|13
Salg og service|Butikkledelse|Butikksjef, Avdelingsleder|5222 Butikkavdelingssjefer|1420 Varehandelssjefer|private|5
Salg og service|Salg|Selger, Kundekonsulent, Key Account Manager|3322 Selgere (engros)|2431 Reklame- og markedsføringsrådgivere|private|9
Salg og service|Renhold|Renholder, Renholdsoperatør|9112 Renholdere i virksomheter|5153 Vaktmestre|private|7
Salg og service|Frisør og hudpleie|Frisør, Hudpleier|5141 Frisører|5142 Kosmetologer mv.|private|4
Bygg og anlegg|Tømrer og snekker|Tømrer, Tømrerlærling, Snekker|7115 Tømrere og snekkere|9313 Hjelpearbeidere i bygg|private|9
Bygg og anlegg|Elektriker|Elektriker, Elektromontør, Serviceelektriker|7411 Elektrikere|7412 Elektroreparatører|private|9
Bygg og anlegg|Rørlegger|Rørlegger, Servicerørlegger|7126 Rørleggere og VVS-montører|7127 Kuldemontører mv.|private|5
Bygg og anlegg|Ingeniør|Prosjektleder bygg, Byggeleder, Anleggsingeniør|2142 Sivilingeniører (bygg og anlegg)|3112 Bygningsingeniører|private|7
IT|Utvikling|Systemutvikler, Fullstack-utvikler, Backend-utvikler|2512 Programvareutviklere|2514 Applikasjonsprogrammerere|private|9
IT|Drift og vedlikehold|IT-konsulent, Driftstekniker, Skyarkitekt|3511 Driftsteknikere, IKT|3512 Brukerstøtte, IKT|private|5
Kontor og økonomi|Regnskap|Regnskapsmedarbeider, Regnskapsfører, Controller|3313 Regnskapsførere|2411 Revisorer, regnskapsrådgivere|private|7
Kontor og økonomi|Saksbehandler|Saksbehandler, Rådgiver, Juridisk rådgiver|2422 Høyere saksbehandlere i offentlig og privat virksomhet|4110 Kontormedarbeidere|public|9
Kontor og økonomi|Resepsjon og sekretær|Resepsjonist, Helsesekretær, Sekretær|4226 Resepsjonister (ekskl. hotell)|4110 Kontormedarbeidere|public|5
Transport og lager|Sjåfør|Lastebilsjåfør, Sjåfør klasse CE, Budbilsjåfør|8332 Lastebil- og trailersjåfører|8322 Bil-, drosje- og varebilførere|private|8
Transport og lager|Buss og bane|Bussjåfør, Trikkefører|8331 Bussjåfører og trikkeførere|8332 Lastebil- og trailersjåfører|private|5
Transport og lager|Lager|Lagermedarbeider, Truckfører, Terminalarbeider|4321 Lagermedarbeidere og materialforvaltere|8344 Truckførere|private|8
Reiseliv og mat|Kokk|Kokk, Kjøkkensjef, Sous chef|5120 Kokker|9412 Kjøkkenassistenter|private|8
Reiseliv og mat|Servering|Servitør, Bartender, Kaffebarista|5131 Servitører|5132 Bartendere|private|7
Industri og produksjon|Mekaniker|Bilmekaniker, Anleggsmaskinmekaniker|7231 Bilmekanikere|7233 Anleggsmaskin- og industrimekanikere|private|7
Industri og produksjon|Sveiser|Sveiser, Platearbeider|7212 Sveisere|7213 Kopper- og blikkenslagere|private|4
Industri og produksjon|Produksjon|Prosessoperatør, Produksjonsmedarbeider|8160 Operatører innen næringsmiddelproduksjon|9329 Andre hjelpearbeidere i industri|private|7
Natur og miljø|Fiske og havbruk|Røkter, Driftstekniker på sjø, Matros på brønnbåt|6222 Havbruksarbeidere|8350 Dekks- og maskinmannskap (skip)|private|5
Natur og miljø|Jord- og skogbruk|Gartner, Avløser, Skogsarbeider|6113 Gartnere|6210 Skogbrukere|private|3
Sikkerhet og beredskap|Vekter|Vekter, Ordensvakt|5414 Vektere|5419 Andre sikkerhetsarbeidere|private|4
""")  # noqa: E501 - one row for each occupation

WEIGHTS = tuple(occupation.weight for occupation in OCCUPATIONS)
