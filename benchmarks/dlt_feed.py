"""The feed as a dlt pipeline into SQLite, as somebody would write it who knows dlt: a resource.

Pages are walked on from where the last run ended (`dlt.current.resource_state`); the last status of
each ad decides, details are fetched through dlt's own requests, eight at a time (`@dlt.defer`), and
merged by `uuid`, `hard_delete` taking inactive ads out. Needs `dlt[sqlalchemy]`, which navfeed does
not: DLT_PYTHON names a Python that has it.

    python dlt_feed.py URL DB
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

os.environ.update({"RUNTIME__DLTHUB_TELEMETRY": "false", "EXTRACT__WORKERS": "8"})

import dlt
from dlt.sources.helpers import requests


def source(url: str) -> Any:
    token = requests.get(f"{url}/api/publicToken").text.split()[-1]
    session = requests.Client(raise_for_status=False).session
    session.headers["Authorization"] = f"Bearer {token}"

    def entries(state: dict[str, str]) -> Iterator[dict[str, str]]:
        path: str | None = state.get("page", "/api/v1/feed")
        while path:
            state["page"] = path
            page = session.get(url + path).json()
            yield from (item["_feed_entry"] for item in page["items"])
            path = page["next_url"]

    @dlt.defer
    def detail(ad: str) -> dict[str, Any]:
        answer = session.get(f"{url}/api/v1/feedentry/{ad}", allow_redirects=False)
        return row(ad, answer.json() if answer.status_code == 200 else {})

    @dlt.resource(
        name="ads",
        primary_key="uuid",
        write_disposition="merge",
        columns={"gone": {"data_type": "bool", "hard_delete": True}},
    )
    def ads() -> Iterator[Any]:
        status = {one["uuid"]: one["status"] for one in entries(dlt.current.resource_state())}
        for ad, last in status.items():
            yield detail(ad) if last == "ACTIVE" else row(ad, {})

    return ads


def row(ad: str, detail: dict[str, Any]) -> dict[str, Any]:
    content = detail.get("ad_content")
    return {
        "uuid": ad,
        "gone": content is None,
        "content": json.dumps(content, ensure_ascii=False) if content else None,
    }


def main(url: str, db: str) -> None:
    pipeline = dlt.pipeline(
        "navfeed_bench",
        pipelines_dir=f"{db}.dlt",
        destination=dlt.destinations.sqlalchemy(f"sqlite:///{db}"),
        dataset_name="main",
    )
    pipeline.run(source(url))


if __name__ == "__main__":
    main(*sys.argv[1:])
