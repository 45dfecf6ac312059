"""The guide to PostgreSQL is true: its statements run, for the roles that it makes."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg

from cli.support import ad, answer, fill, run_command, uuid_of
from support.postgres import PostgresServer

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "postgresql.md"

ADS = [ad(number, expires="2999-12-10T23:59:59+01:00") for number in (1, 2)]


def test_the_guide_s_statements_run(own: PostgresServer, tmp_path: Path) -> None:
    db = fill(tmp_path / "navfeed.db", *ADS)
    setup, *questions = re.findall(r"```sql\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    with psycopg.connect(own.url()) as connection:
        connection.execute(setup)
    answer(db, "push", own.url(user="navfeed"))
    with psycopg.connect(own.url(user="site"), autocommit=True) as connection:
        cursors = [connection.execute(question) for question in questions]
        found = [cursor.fetchall() for cursor in cursors if cursor.description]
    assert [len(rows) for rows in found] == [2, 2, 0, 1]
    assert {str(row[0]) for row in found[0]} == {uuid_of(1), uuid_of(2)}
    assert run_command(db, "push", own.url(user="site")).exit_code == 7
