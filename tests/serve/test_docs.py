"""What the documents say of the service is so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.main import get_group

from cli.support import ad, uuid_of
from navfeed.cli.commands import app
from navfeed.serve.options import Limits
from navfeed.serve.tools import Tools
from serve.conftest import Serve

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = (DOCS / "reference/serve.md").read_text(encoding="utf-8")
HOW_TO = (DOCS / "how-to/serve-the-page.md").read_text(encoding="utf-8")


def test_every_address_of_the_reference_answers(serve: Serve) -> None:
    service = serve(ad(1))
    addresses = re.findall(r"^\| `(/[^`]*)` \|", REFERENCE, re.MULTILINE)
    assert len(addresses) == 13
    for address in addresses:
        assert service.get(address.replace("{uuid}", uuid_of(1))).status == 200, address


def test_every_address_of_the_guide_answers(serve: Serve) -> None:
    service = serve(ad(1))
    addresses = re.findall(r"^http://127\.0\.0\.1:8000(/\S+)$", HOW_TO, re.MULTILINE)
    assert len(addresses) == 4
    for address in addresses:
        assert service.get(address).status == 200, address


@pytest.mark.parametrize("page", [REFERENCE, HOW_TO])
def test_every_option_that_is_named_exists(page: str) -> None:
    options = {
        option for parameter in get_group(app).commands["serve"].params for option in parameter.opts
    }
    named = set(re.findall(r"--[a-z][\w-]+", page)) - {"--log-format"}
    assert named <= options


def test_the_limits_are_the_documented_ones() -> None:
    limits = Limits()
    assert f"limit` (1 to {limits.page_size})" in REFERENCE
    assert f"more than {limits.budget:g} seconds" in REFERENCE
    assert f"{limits.waiting} others were waiting" in REFERENCE
    assert f"more than {limits.address_length:,} characters" in REFERENCE


def test_the_guide_for_assistants_names_every_tool_and_a_command_that_exists() -> None:
    guide = (DOCS / "how-to/ask-by-assistant.md").read_text(encoding="utf-8")
    tools = {name for name in vars(Tools) if not name.startswith("_")}
    assert set(re.findall(r"^\| `(\w+)` \|", guide, re.MULTILINE)) == tools
    (text,) = re.findall(r"```json\n(.*?)```", guide, re.DOTALL)
    ((name, server),) = json.loads(text)["mcpServers"].items()
    assert (name, server["command"]) == ("navfeed", "navfeed")
    assert server["args"][0] in get_group(app).commands
