"""What each dependency costs to import by itself, in a new process: `python benchmarks/imports.py`.

The figures stand in docs/explanation/dependencies.md; move them with the versions.
"""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

RUNS = 15
MODULES = {
    "typer": "typer",
    "httpx": "httpx",
    "pydantic": "pydantic",
    "sqlite-utils": "sqlite_utils",
    "rich": "rich.table, rich.console",
    "platformdirs": "platformdirs",
    "filelock": "filelock",
    "PyStemmer": "Stemmer",
    "tomlkit": "tomlkit",
    "tzdata": "tzdata",
    "matplotlib": "matplotlib.figure",
    "xlsxwriter": "xlsxwriter",
    "pyarrow": "pyarrow.parquet",
    "psycopg": "psycopg",
    "opensearch-py": "opensearchpy",
    "starlette": "starlette.applications, starlette.routing",
    "uvicorn": "uvicorn",
    "jinja2": "jinja2",
    "nh3": "nh3",
    "mcp": "mcp.server.fastmcp",
}


def main() -> None:
    for name, modules in MODULES.items():
        try:
            print(f"{name:14} {version(name):12} {milliseconds(modules):7.1f} ms")
        except PackageNotFoundError:
            print(f"{name:14} is not installed")


def milliseconds(modules: str) -> float:
    """What `-X importtime` adds up, everything that is loaded along included; the quickest run."""
    return min(once(modules) for _ in range(RUNS))


def once(modules: str) -> float:
    command = [sys.executable, "-X", "importtime", "-c", f"import {modules}"]
    told = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stderr
    asked = {module.strip().partition(".")[0] for module in modules.split(",")}
    rows = re.findall(r"^import time: +\d+ \| +(\d+) \| (\w[\w.]*)$", told, re.MULTILINE)
    return sum(int(us) for us, module in rows if module.partition(".")[0] in asked) / 1000


if __name__ == "__main__":
    main()
