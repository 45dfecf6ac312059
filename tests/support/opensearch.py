"""A real OpenSearch on loopback, which `make engines` has put together."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen

import pytest

BUILT = Path(__file__).parents[2] / "build" / "engines"


class OpenSearchServer:
    def __init__(self) -> None:
        self._classpath = _classpath()
        self.folder = Path(tempfile.mkdtemp(prefix="navfeed-os-"))
        (self.folder / "config").mkdir()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            ["java", "-Xmx512m", "-cp", self._classpath, "SingleNode", self.folder, str(self.port)],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout
        while (line := self._process.stdout.readline()) != b"up\n":
            assert line, "OpenSearch ended at once"
        health = f"http://127.0.0.1:{self.port}/_cluster/health?wait_for_status=yellow"
        with urlopen(health, timeout=60):  # indices that were there are open again
            pass

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout
            self._process.stdout.close()
            self._process = None

    def stop(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, index: str) -> str:
        return f"opensearch+http://127.0.0.1:{self.port}/{index}"


def _classpath() -> str:
    jars = BUILT / "classpath"
    if find_spec("opensearchpy") and shutil.which("java") and jars.exists():
        return f"{BUILT / 'classes'}{os.pathsep}{jars.read_text()}"
    if os.environ.get("NEED_ALL_TOOLS"):
        pytest.fail("there is no Java, no opensearch-py, or no node in build/engines")
    pytest.skip("needs Java and a search engine: make engines")
