"""Writes the software bill of materials that the wheel carries (PEP 770): `make docs`.

CycloneDX 1.7. What is in the wheel is a component with a version; what a package manager installs
beside it is external, with the range of versions that pyproject.toml names: which version came is
known to the environment alone. No time and no random number is in it, so that two builds are equal.
"""

# ruff: noqa: INP001  a script, beside the pages it writes

from __future__ import annotations

import json
import tomllib
import uuid
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from navfeed.version import __version__

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
SELF = f"pkg:pypi/navfeed@{__version__}"
Component = dict[str, Any]

PLACES: Component = {
    "type": "data",
    "bom-ref": "kartverket-municipalities",
    "name": "Municipalities and counties of Norway",
    "description": "Names and numbers, in navfeed/places.py and navfeed/serve/numbers.py.",
    "supplier": {"name": "Kartverket"},
    "licenses": [{"license": {"id": "CC-BY-4.0"}}],
}
"""The one thing in the wheel that is not navfeed's own."""


def text() -> str:
    """The whole document, as it stands in the file."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def document() -> dict[str, Any]:
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    needed = [external(Requirement(one), "required") for one in project["dependencies"]]
    optional = [
        external(Requirement(one), "optional")
        for extra in project["optional-dependencies"].values()
        for one in extra
    ]
    components = [PLACES, *sorted(needed + optional, key=lambda one: str(one["bom-ref"]))]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, SELF).urn,
        "version": 1,
        "metadata": {"component": ours(project)},
        "components": components,
        "dependencies": [
            {"ref": SELF, "dependsOn": [one["bom-ref"] for one in components]},
        ],
    }


def ours(project: dict[str, Any]) -> Component:
    return {
        "type": "application",
        "bom-ref": SELF,
        "name": project["name"],
        "version": __version__,
        "description": project["description"],
        "licenses": [{"license": {"id": project["license"]}}],
        "purl": SELF,
    }


def external(requirement: Requirement, scope: str) -> Component:
    """A dependency as CycloneDX 1.7 writes it: a range of versions, in no archive of ours."""
    name = canonicalize_name(requirement.name)
    ranges = "|".join(sorted(map(str, requirement.specifier), key=_by_version)) or "*"
    return {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name}",
        "name": name,
        "versionRange": f"vers:pypi/{ranges}",
        "isExternal": True,
        "scope": scope,
        "purl": f"pkg:pypi/{name}",
    }


def _by_version(specifier: str) -> str:
    """The lower bound first: the notation orders them."""
    return "0" if specifier.startswith(">") else "1"
