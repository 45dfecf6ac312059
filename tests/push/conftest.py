"""A PostgreSQL for each process of the tests, and a database for each test."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
import time_machine

from support.postgres import PostgresServer


@pytest.fixture(autouse=True)
def clock(noon: time_machine.Traveller) -> time_machine.Traveller:
    return noon


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own() -> Iterator[PostgresServer]:
    """A server that may be killed."""
    server = PostgresServer()
    server.start()
    yield server
    server.stop()


_numbers = count()


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    """An empty database."""
    import psycopg

    name = f"test{next(_numbers)}"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return postgres.url(name)
