"""Other people's programs, which only some tests need (`make recipes` installs them)."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.util import find_spec

import pytest


def need(*modules: str) -> None:
    """Skip the test where one is not installed; fail where all should be (`NEED_ALL_TOOLS`)."""
    for module in modules:
        if find_spec(module) is None:
            _missing(module)


def need_program(name: str) -> None:
    if shutil.which(name) is None:
        _missing(name)


def need_r(*packages: str) -> None:
    need_program("Rscript")
    for package in packages:
        check = f'quit(status = !requireNamespace("{package}", quietly = TRUE))'
        if subprocess.run(["Rscript", "-e", check], capture_output=True, check=False).returncode:
            _missing(f"R's {package}")


def _missing(name: str) -> None:
    if os.environ.get("NEED_ALL_TOOLS"):
        pytest.fail(f"{name} is not installed")
    pytest.skip(f"{name} is not installed: make recipes, make browser")
