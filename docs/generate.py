"""Writes the pages of docs/reference that say what the code says: `make docs`.

A test fails when a page here and the code disagree (tests/docs/test_generated.py).
"""

# ruff: noqa: INP001  a script, beside the pages it writes

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from typer import Context
from typer.main import get_group

from navfeed.cli.app import app
from navfeed.cli.ask import CSV_COLUMNS, LIST_FIELDS
from navfeed.errors import ExitCode, NavfeedError
from navfeed.store.query import LIST_COLUMNS
from navfeed.store.schema import APPLICATION_ID, OWN, PUBLIC, VERSION

DOCS = Path(__file__).resolve().parent
README = DOCS.parent / "README.md"
WIDTH = 100


def pages() -> dict[Path, str]:
    """Every page, and README's table, as they should be."""
    reference = DOCS / "reference"
    return {
        reference / "cli.md": cli_page(),
        reference / "exit-codes.md": exit_codes_page(),
        reference / "schema.md": schema_page(),
        README: with_exit_codes(README.read_text(encoding="utf-8")),
    }


def main() -> None:
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


# Commands


def cli_page() -> str:
    group = get_group(app)
    commands = group.list_commands(Context(group))
    with ThreadPoolExecutor(4) as pool:
        helps = list(pool.map(help_of, [[], *([command] for command in commands)]))
    titles = ["navfeed", *(f"navfeed {command}" for command in commands)]
    sections = (
        f"## {title}\n\n```text\n{text}```\n" for title, text in zip(titles, helps, strict=True)
    )
    return "\n".join(["# Commands\n", CLI_INTRO, *sections, columns_section()])


CLI_INTRO = """\
What each command's own `--help` says. Options may stand in any order after the command. Results go
to stdout, everything else to stderr; [exit codes](exit-codes.md) and
[settings](configuration.md) have pages of their own.
"""


def columns_section() -> str:
    more = [column for column in CSV_COLUMNS if column not in LIST_FIELDS]
    return COLUMNS.format(
        listed=", ".join(f"`{column}`" for column in LIST_FIELDS),
        more=", ".join(f"`{column}`" for column in more),
        several=", ".join(f"`{column}`" for column in CSV_COLUMNS if column in LIST_COLUMNS),
    )


COLUMNS = """\
## Columns

`navfeed list` gives these of each ad as csv, json and jsonl, in this order: {listed}.

`navfeed export --format csv` gives them too, and then: {more}.

They mean what they mean in the [store](schema.md). {several} hold what all of an ad's places,
occupations and categories say, each value once: a list in json and jsonl, parted by `; ` in csv.
csv is UTF-8 with a header; a cell that a spreadsheet would take for a formula begins with an
apostrophe. `export --format json` and `jsonl` have no columns: they hold each ad as NAV served it.
"""


def help_of(command: list[str]) -> str:
    """The help in plain text and one width, whatever terminal this runs on."""
    plain = {**os.environ, "TYPER_USE_RICH": "0", "COLUMNS": str(WIDTH), "TERMINAL_WIDTH": ""}
    return subprocess.run(  # noqa: S603  our own command
        [sys.executable, "-m", "navfeed", *command, "--help"],
        env=plain,
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout


# Exit codes


@dataclass(frozen=True)
class Meaning:
    """What an exit code says, and what the caller does about it."""

    says: str
    then: str


MEANINGS = {
    ExitCode.DONE: Meaning("Done; after a sync: caught up.", "Nothing."),
    ExitCode.BUG: Meaning("A bug in navfeed.", "Report the line it printed."),
    ExitCode.USAGE: Meaning(
        "Wrong use: a flag, a setting, or an ad that is not in the store.",
        "Mend what the message names.",
    ),
    ExitCode.STOPPED: Meaning(
        "Stopped early on purpose (a signal, `--max-time`, `--max-pages`); there is more to do.",
        "Run again; it goes on where it stopped.",
    ),
    ExitCode.WAITING: Meaning(
        "Caught up, but some ads could not be had: they wait for a retry, or are given up.",
        "Nothing; the next run asks again. `navfeed status` tells if some are given up.",
    ),
    ExitCode.FEED: Meaning(
        "The feed cannot be reached, or answers wrongly.",
        "Run again later; see the message if it stays.",
    ),
    ExitCode.TOKEN: Meaning(
        "The token is missing, expired or refused.",
        "See the message; NAV's public token may be late by hours.",
    ),
    ExitCode.STORE: Meaning(
        "The store cannot be opened, read or written.",
        "See the message: disk, permissions, another file.",
    ),
    ExitCode.STALE: Meaning(
        "The data is older than `--max-age` allows.",
        "Find out why no sync has run.",
    ),
    ExitCode.DIFFERENT: Meaning(
        "`verify` found differences, and was not told to repair them.",
        "`navfeed verify --repair`.",
    ),
    ExitCode.LOCKED: Meaning(
        "Another sync works on this store.", "Nothing; leave it to the other one."
    ),
}


def exit_codes_page() -> str:
    errors = {error.exit_code: error.__name__ for error in tree(NavfeedError) if owns_code(error)}
    header = "| code | name | meaning | what to do | raised as |\n| --- | --- | --- | --- | --- |\n"
    rows = (
        f"| {code.value} | `{code.name}` | {meaning.says} | {meaning.then} "
        f"| {f'`{errors[code]}`' if code in errors else ''} |"
        for code, meaning in MEANINGS.items()
    )
    return "\n".join(["# Exit codes\n", EXIT_CODES_INTRO, header + "\n".join(rows), ""])


EXIT_CODES_INTRO = """\
Scripts may rely on these: a number never changes its meaning. What went wrong is said in one line
on stderr, with the next step. Whatever the code, what was committed before is kept.
"""


def tree(error: type[NavfeedError]) -> Iterator[type[NavfeedError]]:
    for child in error.__subclasses__():
        yield child
        yield from tree(child)


def owns_code(error: type[NavfeedError]) -> bool:
    """Whether it is the one to name for its code: `ConfigError`, and not `NotFoundError` too."""
    return "exit_code" in vars(error) and error.__name__ != "NotFoundError"


def with_exit_codes(readme: str) -> str:
    """README with its short table renewed."""
    rows = "\n".join(f"| {code.value} | {MEANINGS[code].says} |" for code in MEANINGS)
    table = f"<!-- exit codes -->\n| code | meaning |\n| --- | --- |\n{rows}\n<!-- end -->"
    return re.sub(r"<!-- exit codes -->.*?<!-- end -->", lambda _: table, readme, flags=re.DOTALL)


# The store


@dataclass
class Table:
    """A table as SQLite knows it, with what the schema's comments say of it."""

    name: str
    about: str
    columns: list[tuple[str, str]]
    says: dict[str, str] = field(default_factory=dict)
    belongs_to: str | None = None


def schema_page() -> str:
    known = tables(PUBLIC + OWN)
    public = len(tables(PUBLIC))
    return "\n".join(
        [
            "# The store\n",
            SCHEMA_INTRO.format(version=VERSION, application_id=f"0x{APPLICATION_ID:08X}"),
            "## For everyone\n",
            *map(section, known[:public]),
            "## navfeed's own bookkeeping\n",
            "Look, but do not build on it: it changes with any version.\n",
            *map(section, known[public:]),
            SCHEMA_QUERIES,
        ]
    )


SCHEMA_INTRO = """\
One SQLite file, version {version} of the schema (`PRAGMA user_version`; `PRAGMA application_id` is
`{application_id}`). Any SQLite tool may read it while a sync runs. Only navfeed should write it: a
sync relies on what stands in it. Columns of the tables for everyone are added, not changed or
removed, until a new major version of navfeed.

Moments end with `Z` or `+00:00` and are UTC; days are Oslo's. An ad is in force up to and including
its `last_day`; one that has none does not run out by itself. `navfeed list` leaves out what is past
its last day even when no sync has run since; with your own queries, leave it out yourself (SQLite's
`date('now')` is the day in UTC, an hour or two behind Oslo's).
"""

SCHEMA_QUERIES = """\
## Examples

Ads in force in Bergen, newest first, whichever of their places it is:

```sql
SELECT title, employer, application_url
FROM ads
WHERE (last_day IS NULL OR last_day >= date('now'))
  AND uuid IN (SELECT ad FROM locations WHERE municipal = 'BERGEN')
ORDER BY published DESC;
```

Ads for each STYRK-08 code:

```sql
SELECT code, name, count(DISTINCT ad) AS ads
FROM categories
WHERE type = 'STYRK08'
GROUP BY code
ORDER BY ads DESC;
```

A field that has no column of its own, from the content as NAV served it:

```sql
SELECT uuid, json_extract(content, '$.employer.description') FROM ads LIMIT 10;
```

Words, phrases and beginnings, as `navfeed list --text` finds them:

```sql
SELECT uuid, ads.title
FROM ads JOIN search ON search.rowid = ads.id
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
        f"| `{name}` | {kind} | {table.says.get(name, '')} |" for name, kind in table.columns
    )
    about = f"{table.about}\n\n" if table.about else ""
    if table.belongs_to:
        about += f"Rows of an ad leave with it: `ad` is a `{table.belongs_to}`.\n\n"
    return f"### {table.name}\n\n{about}| column | kind | meaning |\n| --- | --- | --- |\n{rows}\n"


def tables(script: str) -> list[Table]:
    """The tables of a schema in its own order: facts from SQLite, comments from the text."""
    abouts = commented_tables(script)
    says = dict(commented_columns(script))
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(script)
        return [
            Table(
                name,
                about,
                columns(connection, name),
                {column: text for (table, column), text in says.items() if table == name},
                parent(connection, name),
            )
            for name, about in abouts.items()
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
        elif match := re.match(r"CREATE (?:VIRTUAL )?TABLE (\w+)", line):
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
        if match := re.match(r"CREATE (?:VIRTUAL )?TABLE (\w+)", line):
            table = match[1]
        code, _, comment = line.partition("--")
        if comment and (match := re.match(r" +(\w+) ", code)):
            yield (table, match[1]), comment.strip()


if __name__ == "__main__":
    main()
