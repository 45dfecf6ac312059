"""Writes the pages of docs/reference that come from the code: `make docs`.

A test fails when a page here and the code disagree (tests/docs/test_generated.py).
"""

# ruff: noqa: INP001  a script, beside the pages it writes

from __future__ import annotations

import ast
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Container, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from typer import Context
from typer.main import get_group

from navfeed.cli.commands import app
from navfeed.errors import ExitCode, NavfeedError
from navfeed.export.columns import EXPORTED, LIST_FIELDS, LISTS, OF_TABLES, ON_REQUEST
from navfeed.research.derived import FACTS
from navfeed.store.schema import APPLICATION_ID, OWN, PUBLIC, VERSION, VIEWS
from navfeed.store.shards import SCHEMA as INDEX

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS), str(DOCS.parent / "tests")]

import api_page  # noqa: E402  a script beside this one
import manpages  # noqa: E402  likewise
import sbom  # noqa: E402  likewise
import screens  # noqa: E402  likewise

from derived import test_derived as derived  # noqa: E402  the judged texts
from layers import ROOMS  # noqa: E402  the table that the tests hold the imports to

if TYPE_CHECKING:
    from search_quality import Judged

SEARCH = DOCS / "explanation" / "search.md"
FIELDS = DOCS / "reference" / "fields.md"
ARCHITECTURE = DOCS / "architecture.md"
PACKAGE = DOCS.parent / "src" / "navfeed"
SBOM = DOCS.parent / "packaging" / "navfeed.cdx.json"
WIDTH = 100


def pages() -> dict[Path, str]:
    """Every page as it should be."""
    reference = DOCS / "reference"
    return {
        reference / "api.md": api_page.page(),
        reference / "cli.md": cli_page(),
        DOCS / "screens.md": screens.page(),
        reference / "columns.md": columns_page(),
        reference / "exit-codes.md": exit_codes_page(),
        reference / "schema.md": schema_page(),
        SEARCH: with_judgements(SEARCH.read_text(encoding="utf-8")),
        FIELDS: with_derived(FIELDS.read_text(encoding="utf-8")),
        ARCHITECTURE: with_rooms(ARCHITECTURE.read_text(encoding="utf-8")),
        **manpages.pages({code: meaning.text for code, meaning in MEANINGS.items()}),
        SBOM: sbom.text(),
    }


def main() -> None:
    written = pages()
    for former in set(manpages.MAN.iterdir()) - written.keys():
        former.unlink()
    for path, text in written.items():
        path.write_text(text, encoding="utf-8")


# Commands


def cli_page() -> str:
    group = get_group(app)
    words = [[], *words_of(group)]
    helps = helps_of(words)
    titles = [" ".join(["navfeed", *each]) for each in words]
    sections = (
        f"## {title}\n\n```text\n{text}```\n" for title, text in zip(titles, helps, strict=True)
    )
    return "\n".join(["# Commands\n", CLI_INTRO, *sections])


def words_of(group: Any) -> Iterator[list[str]]:  # noqa: ANN401  typer's groups
    """Every command, those of groups behind the group."""
    for name, command in (
        (name, group.commands[name]) for name in group.list_commands(Context(group))
    ):
        yield [name]
        if hasattr(command, "commands"):
            yield from ([name, *more] for more in words_of(command))


CLI_INTRO = """\
The `--help` of each command. Options may stand in any order after the command. Results go
to stdout, everything else to stderr; [columns](columns.md), [exit codes](exit-codes.md) and
[settings](configuration.md) have pages of their own.
"""


ASK_FOR_HELP = """
import contextlib, io, json, sys
from navfeed.cli import main
def help_of(words):
    sys.argv = ["navfeed", *words, "--help"]
    with contextlib.redirect_stdout(io.StringIO()) as shown, contextlib.suppress(SystemExit):
        main()
    return shown.getvalue()
json.dump([help_of(words) for words in json.load(sys.stdin)], sys.stdout)
"""


def helps_of(commands: list[list[str]]) -> list[str]:
    """The help of each command in one width, whatever terminal this runs on."""
    plain = {**os.environ, "COLUMNS": str(WIDTH), "TERMINAL_WIDTH": ""}
    answered = subprocess.run(  # noqa: S603  our own script
        [sys.executable, "-c", ASK_FOR_HELP],
        input=json.dumps(commands),
        env=plain,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    helps: list[str] = json.loads(answered.stdout)
    return helps


# Columns


def columns_page() -> str:
    ads = "\n".join(
        f"| `{name}` | {yes(name, LIST_FIELDS)} | {yes(name, EXPORTED)} | {yes(name, LISTS)} "
        f"| {text} |"
        for name, text in {**EXPORTED, **ON_REQUEST}.items()
    )
    return COLUMNS.format(
        ads=ads, tables="\n".join(child_section(*each) for each in OF_TABLES.items())
    )


def yes(name: str, names: Container[str]) -> str:
    return "yes" if name in names else ""


def child_section(table: str, columns: dict[str, str]) -> str:
    rows = "\n".join(f"| `{name}` | {text} |" for name, text in columns.items())
    return f"### {table}\n\n| column | meaning |\n| --- | --- |\n{rows}\n"


COLUMNS = """\
# Columns and formats of `list` and `export`

Until a new major version of navfeed, columns are only added, never changed or removed; scripts
should refer to them by name. They have the same meaning as in the [store](schema.md).

## Ads

Columns marked *list* are those of `navfeed list` as csv, json and jsonl, in this order. Columns
marked *export* are those of `navfeed export` as csv, xlsx and parquet; `--columns` selects others,
or another order. A column *of several* contains each value once: a list in json, jsonl
and parquet, elsewhere one text with `; ` between them.

| column | list | export | of several | meaning |
| --- | --- | --- | --- | --- |
{ads}

## Tables for places, occupations and categories

`navfeed export --table NAME` writes one row each, in csv, xlsx or parquet. Join them to the ads by
`uuid`.

{tables}
## Formats

- **csv**: UTF-8, a header, CRLF, quotes where needed (RFC 4180). A cell that a spreadsheet would
  take for a formula begins with an apostrophe; `--raw-cells` leaves it unchanged. `--excel` writes
  a byte order mark, semicolons between cells, and commas in numbers, as Norwegian Excel expects.
- **xlsx**: one sheet. Cells are plain text; nothing in them is executed. Excel allows 1,048,575
  rows, and 32,767 characters in a cell: longer texts are cut, and counted on stderr. Needs the
  extra `xlsx`.
- **parquet**: typed; texts, lists of texts, timestamps in UTC, dates. Needs the extra `parquet`.
- **json**, **jsonl**: each ad's content as NAV served it, to the letter; an array, or an ad a line.
- **jobposting**: [schema.org's JobPosting](https://schema.org/JobPosting) as JSON-LD, an ad a line,
  each ready for a page's `<script type="application/ld+json">`.

Extras go into navfeed's environment: `pip install 'navfeed[xlsx,parquet]'`, from a clone
`pip install '.[xlsx,parquet]'`; after `pipx install`, `pipx inject navfeed xlsxwriter pyarrow` adds
their libraries. The same goes for `charts`, for `navfeed stats --output` (`matplotlib`), and
`postgres` and `opensearch`, for `navfeed push` (`psycopg[binary]`, `opensearch-py`).

A file is replaced only when the new one is complete. Until then that is `.NAME.….part`, readable
only by its owner; if the process is killed, the next export of the same name removes it.

### Split

With `--split`, `--output` is a folder. It gets a file for each municipality, named after it in
capitals, `_none` for ads without a municipality, and `index.csv`, which lists each file with its
municipality and number of rows. An ad of several places is in the file of each, also with a filter:
`--split --municipality BERGEN` writes more files than that of Bergen. The folder is replaced as a
whole, and keeps its permissions and those of its files; a file of a new municipality gets those
of the others where they are all alike. A folder that contains anything other than a former split is
not touched.

### JobPosting

It has the properties that Google requires (`title`, `description`, `datePosted`,
`hiringOrganization`, `jobLocation` with `addressCountry`), and, if the ad has them,
`validThrough` (the end of its last day), `employmentType`, `identifier`, `occupationalCategory`
(STYRK-08), `totalJobOpenings`, `url` (the ad at NAV) and `potentialAction`, which leads straight to
the source's own application page. An ad without a required property is left out, and counted on
stderr. `title` is the job title, or the ad's heading where there is none. The description keeps
paragraphs and lists; every other tag, attribute, script and style is gone. Contacts are included
with `--with-contacts`.

Keep what you publish equal to the store: when an ad is no longer in an export, remove its posting.
"""


# Exit codes


@dataclass(frozen=True)
class Meaning:
    """What an exit code means, and what the caller does about it."""

    text: str
    then: str


MEANINGS = {
    ExitCode.DONE: Meaning("Done; after a sync: caught up.", "Nothing."),
    ExitCode.BUG: Meaning("A bug in navfeed.", "Report the line it printed."),
    ExitCode.USAGE: Meaning(
        "Wrong use: a flag, a setting, or an ad that is not in the store.",
        "Correct what the message names.",
    ),
    ExitCode.STOPPED: Meaning(
        "Stopped early on purpose (a signal, `--max-time`, `--max-pages`); there is more to do.",
        "Run again; it continues where it stopped.",
    ),
    ExitCode.WAITING: Meaning(
        "Caught up, but some ads could not be fetched: they are retried, or were given up. After a "
        "watch: a channel did not accept a notification, which is kept and retried.",
        "Nothing; the next run retries. `navfeed status` shows if some were given up, `navfeed "
        "watch show` the state of a channel.",
    ),
    ExitCode.FEED: Meaning(
        "The feed cannot be reached, or its answers are invalid.",
        "Run again later; if it persists, see the message.",
    ),
    ExitCode.TOKEN: Meaning(
        "The token is missing, expired or refused.",
        "See the message; NAV's public token may be late by hours.",
    ),
    ExitCode.STORE: Meaning(
        "The store, or a target of `push`, cannot be opened, read or written.",
        "See the message: disk, permissions, another file; the target's address.",
    ),
    ExitCode.STALE: Meaning(
        "The data is older than `--max-age` allows.",
        "Find out why no sync has run.",
    ),
    ExitCode.DIFFERENT: Meaning(
        "`verify` or `push --verify` found differences, without `--repair`.",
        "`navfeed verify --repair`, `navfeed push --reconcile`.",
    ),
    ExitCode.CURSOR: Meaning(
        "A cursor of `changes` cannot be continued: too old, another store's, or other filters.",
        "Take a snapshot, `navfeed changes --snapshot`, and continue from its cursor.",
    ),
    ExitCode.LOCKED: Meaning(
        "Another sync is running on this store.", "Nothing; the other one does the work."
    ),
}


def exit_codes_page() -> str:
    errors = {error.exit_code: error.__name__ for error in tree(NavfeedError) if owns_code(error)}
    header = "| code | name | meaning | what to do | raised as |\n| --- | --- | --- | --- | --- |\n"
    rows = (
        f"| {code.value} | `{code.name}` | {meaning.text} | {meaning.then} "
        f"| {f'`{errors[code]}`' if code in errors else ''} |"
        for code, meaning in MEANINGS.items()
    )
    return "\n".join(["# Exit codes\n", EXIT_CODES_INTRO, header + "\n".join(rows), ""])


EXIT_CODES_INTRO = """\
Scripts may rely on these: a number never changes its meaning. One line on stderr names the problem
and the next step. Whatever the code, everything committed before is kept.
"""


def tree(error: type[NavfeedError]) -> Iterator[type[NavfeedError]]:
    for child in error.__subclasses__():
        yield child
        yield from tree(child)


def owns_code(error: type[NavfeedError]) -> bool:
    """Whether it is the one to name for its code: `ConfigError`, and not `NotFoundError` too."""
    return "exit_code" in vars(error) and error.__name__ != "NotFoundError"


# Derived facts


def with_derived(page: str) -> str:
    """The page on the fields with each derived fact, and how precise it is on the judged texts."""
    rows = "\n".join(
        f"| `derived_{name}` | {fact.meaning} | {' | '.join(map(percent, rates(name)))} |"
        for name, fact in FACTS.items()
    )
    head = "| column | meaning | precision | recall | held-out precision | held-out recall |"
    table = f"<!-- derived -->\n{head}\n| --- | --- | --- | --- | --- | --- |\n{rows}\n<!-- end -->"
    return re.sub(r"<!-- derived -->.*?<!-- end -->", lambda _: table, page, flags=re.DOTALL)


def rates(fact: str) -> tuple[float, float, float, float]:
    """Precision and recall on all judged texts, and on those that were held out."""
    return (*derived.rates(fact, derived.JUDGED), *derived.rates(fact, derived.HELD_OUT))


def percent(share: float) -> str:
    return f"{share:.2f}"


# Rooms


def with_rooms(page: str) -> str:
    """The page on the architecture with each room, what it does and what it may import."""
    rows = "\n".join(
        f"| `{room}` | {first_line(room)} | {', '.join(sorted(may)) or 'nothing of navfeed'} |"
        for room, may in reversed(ROOMS.items())
    )
    table = (
        f"<!-- rooms -->\n| room | does | may import |\n| --- | --- | --- |\n{rows}\n<!-- end -->"
    )
    return re.sub(r"<!-- rooms -->.*?<!-- end -->", lambda _: table, page, flags=re.DOTALL)


def first_line(room: str) -> str:
    """The first paragraph of the docstring of a module or package."""
    module = PACKAGE / f"{room}.py"
    source = (module if module.exists() else PACKAGE / room / "__init__.py").read_text("utf-8")
    paragraph = (ast.get_docstring(ast.parse(source)) or "").partition("\n\n")[0]
    return " ".join(paragraph.split())


# Searches


def with_judgements(page: str) -> str:
    """The page on search with what the judged searches measure."""
    import search_quality

    text = _judged("by_hand", search_quality.by_hand(), OF_HAND) + _judged(
        "practice", search_quality.practice(), OF_PRACTICE
    )
    return re.sub(
        r"<!-- judged -->.*?<!-- end -->",
        lambda _: f"<!-- judged -->\n{text}<!-- end -->",
        page,
        flags=re.DOTALL,
    )


def _judged(name: str, judged: Judged, template: str) -> str:
    import search_quality

    with TemporaryDirectory() as folder:
        path = Path(folder) / "navfeed.db"
        judged.fill(path)
        found = search_quality.answers(path, judged)
        whole = search_quality.answers(path, judged, expanded=False)
    rows = "\n".join(
        f"| {how} | {scores.precision:.2f} | {scores.recall:.2f} | {scores.precision_at_1:.2f} "
        f"| {scores.first:.2f} |"
        for how, scores in (
            ("words as they stand", search_quality.scores(whole, judged.meant)),
            ("their forms (measured once)", search_quality.Scores(*FORMS_ALONE[name])),
            ("forms, other words, compounds", search_quality.scores(found, judged.meant)),
        )
    )
    missed = "\n".join(
        f"| `{query}` | {len(meant)} | {len(found[query])} | {len(meant & set(found[query]))} "
        f"| {len(meant & set(found[query][: len(meant)]))} |"
        for query, meant in judged.meant.items()
        if set(found[query]) != meant
    )
    return template.format(searches=len(judged.meant), ads=len(judged.ads)) + JUDGED.format(
        rows=rows, missed=missed
    )


FORMS_ALONE = {
    "by_hand": (0.9496, 0.8741, 1.0, 0.8676),
    "practice": (0.9218, 0.5457, 0.9907, 0.5299),
}
"""What the same searches measured before other words and compounds were looked for."""


OF_HAND = """\
### Ads written for the purpose

{searches} searches over {ads} ads of a few sentences, in bokmål and nynorsk, each judged by
reading: an ad is relevant if it is what somebody who types that is looking for, whatever words it
uses.
"""

OF_PRACTICE = """\

### Ads with typical text

{searches} searches over {ads} ads of the practice feed, whose sentences about the employer, the
work and the pay are those of many ads: two in three speak of `lærlinger`. An ad is meant by a
search if its title or job title is one of those that the search means.
"""

JUDGED = """\

| searching for | precision | recall | first ad | first ads |
| --- | --- | --- | --- | --- |
{rows}

Searches that find too much or too little:

| search | ads meant | found | of them meant | meant among the first |
| --- | --- | --- | --- | --- |
{missed}
"""


# The store


@dataclass
class Table:
    """A table or a view as SQLite knows it, with what the schema's comments say of it."""

    name: str
    about: str
    columns: list[tuple[str, str]]
    comments: dict[str, str] = field(default_factory=dict)
    belongs_to: str | None = None


CREATED = r"CREATE (?:(?:VIRTUAL )?TABLE|VIEW) (\w+)"


def schema_page() -> str:
    known = tables(PUBLIC + INDEX + OWN + VIEWS)
    public = len(commented_tables(PUBLIC + INDEX)) - 1
    views = len(commented_tables(VIEWS))
    return "\n".join(
        [
            "# The store\n",
            SCHEMA_INTRO.format(version=VERSION, application_id=f"0x{APPLICATION_ID:08X}"),
            "## Views: the active ads\n",
            VIEWS_INTRO,
            *map(section, known[-views:]),
            "## Tables for everyone\n",
            *map(section, known[:public]),
            "## navfeed's own bookkeeping\n",
            "Look, but do not build on it: it changes with any version.\n",
            *map(section, known[public:-views]),
            SCHEMA_QUERIES,
        ]
    )


SCHEMA_INTRO = """\
One SQLite file, version {version} of the schema (`PRAGMA user_version`; `PRAGMA application_id` is
`{application_id}`). Any SQLite tool may read it while a sync runs. Only navfeed should write it: a
sync relies on its contents. Until a new major version of navfeed, columns of the views and of the
public tables are only added, never changed or removed. See [how to query it](../how-to/sqlite3.md)
with the tools you know.

Moments end with `Z` or `+00:00` and are UTC; days are Oslo's. An ad is active up to and including
its `last_day`; without one, it does not expire by itself. `navfeed list` and the views leave out
ads past their last day even if no sync has run since; the tables keep them until the next one.
"""

VIEWS_INTRO = """\
Query these rather than the tables: they show what NAV's terms allow to be shown today, computed for
each query.
"""

SCHEMA_QUERIES = """\
## Examples

Active ads in Bergen, newest first, by any of their places:

```sql
SELECT title, employer, municipalities, application_url
FROM active_ads
WHERE uuid IN (SELECT ad FROM locations WHERE municipal = 'BERGEN')
ORDER BY published DESC;
```

Ads for each STYRK-08 code:

```sql
SELECT code, name, count(DISTINCT ad) AS ads
FROM active_categories
WHERE type = 'STYRK08'
GROUP BY code
ORDER BY ads DESC;
```

A field that has no column of its own, from the content as NAV served it:

```sql
SELECT uuid, json_extract(content, '$.employer.description')
FROM ads JOIN active_ads USING (uuid)
LIMIT 10;
```

Words, phrases and beginnings. `navfeed list --text` finds a word's forms too, by looking them up in
this index ([how](../explanation/search.md)):

```sql
SELECT uuid, active_ads.title
FROM active_ads JOIN search ON search.rowid = active_ads.id
WHERE search MATCH '"fast stilling" AND syke* NOT natt';
```

What the last ten syncs did:

```sql
SELECT started_at, exit_code, outcome, json_extract(counts, '$.removed') AS removed
FROM runs
ORDER BY id DESC
LIMIT 10;
```
"""


def section(table: Table) -> str:
    rows = "\n".join(
        f"| `{name}` | {kind} | {table.comments.get(name, '')} |" for name, kind in table.columns
    )
    about = f"{table.about}\n\n" if table.about else ""
    if table.belongs_to:
        about += f"Rows of an ad leave with it: `ad` is a `{table.belongs_to}`.\n\n"
    return f"### {table.name}\n\n{about}| column | kind | meaning |\n| --- | --- | --- |\n{rows}\n"


def tables(script: str) -> list[Table]:
    """The tables of a schema in its own order: facts from SQLite, comments from the text."""
    abouts = commented_tables(script)
    comments = dict(commented_columns(script))
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(script)
        return [
            Table(
                name,
                about,
                columns(connection, name),
                {column: text for (table, column), text in comments.items() if table == name},
                parent(connection, name),
            )
            for name, about in abouts.items()
            if not name.startswith("search_")  # a part of the index
        ]


def columns(connection: sqlite3.Connection, table: str) -> list[tuple[str, str]]:
    rows = connection.execute(
        'SELECT name, lower(type), "notnull", pk FROM pragma_table_info(?)', [table]
    )
    return [
        (name, f"{kind}, key" if key else f"{kind}, always there" if needed else kind or "text")
        for name, kind, needed, key in rows
    ]


def parent(connection: sqlite3.Connection, table: str) -> str | None:
    rows = connection.execute(
        'SELECT "table" || \'.\' || "to" FROM pragma_foreign_key_list(?)', [table]
    )
    return next((name for (name,) in rows), None)


def commented_tables(script: str) -> dict[str, str]:
    """Each table with the comment above it, and what stands between its columns."""
    abouts: dict[str, list[str]] = {}
    above: list[str] = []
    for line in script.splitlines():
        if line.startswith("-- "):
            above.append(line.removeprefix("-- "))
        elif match := re.match(CREATED, line):
            abouts[match[1]] = within = above
            above = []
        elif line.startswith(" ") and line.strip().startswith("-- "):
            within.append(line.strip().removeprefix("-- "))
        elif not line.strip():
            above = []
    return {name: " ".join(about) for name, about in abouts.items()}


def commented_columns(script: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Each column with the comment that stands on its line, by table and name."""
    table = ""
    for line in script.splitlines():
        if match := re.match(CREATED, line):
            table = match[1]
        code, _, comment = line.partition("--")
        if comment and (match := re.match(r" +(\w+),? ", code)):
            yield (table, match[1]), comment.strip()


if __name__ == "__main__":
    main()
