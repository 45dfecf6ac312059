"""The practice server's own endpoints, for a demo or a benchmark in another process.

They need no token and are not recorded:

- `POST /practice/advance` `{"rounds": 1, "changes": 20, "seconds": 3600}`: move the world on; the
  answer counts what happened and names up to ten ads of each kind.
- `GET /practice/truth`: uuid -> `ad_content` of every ad a lawful copy shows now.
- `GET /practice/requests`: how many requests of each kind came so far.
- `GET /practice/connections`: how many connections were opened so far, this one included.
- `POST /practice/script` `{"fault": "reset", "on": "detail", "ident": id, "times": 1, "skip": 0}`:
  spoil answers, all but the fault's name may be left out; `"times": null` is for good and
  `{"fault": null}` ends all faults and names those there are.
- `POST /practice/token` `{"life": 0}`: replace the public token by one that is valid for
  this many seconds.
- `POST /practice/change` `{"ad": uuid, "how": "blank"}`: change one ad, with an entry (`update`,
  `stop`, `expire`, `reactivate`, `DIR`, which makes it INACTIVE) or without a visible one (`blank`:
  ACTIVE without content; `rewrite`, `drop`, `vanish`, `FINN`, whose ads answer with 404).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from navfeed.practice import faults
from navfeed.practice.app import Practice
from navfeed.practice.dates import iso
from navfeed.practice.messages import Answer, Request
from navfeed.practice.mix import Changes

_PREFIX = "/practice/"
_NAMED_AT_MOST = 10


class Control:
    """Answers requests under `/practice/`."""

    def __init__(self, practice: Practice, connections: Callable[[], int] = lambda: 0) -> None:
        self._practice = practice
        self._routes: dict[tuple[str, str], Callable[[dict[str, Any]], object]] = {
            ("POST", "advance"): self._advance,
            ("GET", "truth"): lambda _: practice.world.truth(),
            ("GET", "requests"): lambda _: Counter(each.kind for each in practice.requests),
            ("GET", "connections"): lambda _: {"count": connections()},
            ("POST", "script"): self._script,
            ("POST", "token"): self._token,
            ("POST", "change"): self._change,
        }

    @staticmethod
    def concerns(request: Request) -> bool:
        return request.path.startswith(_PREFIX)

    def answer(self, request: Request) -> Answer:
        """Execute the request; 404 for an unknown endpoint, 400 with a message for a bad body."""
        route = self._routes.get((request.method, request.path.removeprefix(_PREFIX)))
        if route is None:
            return _json(404, {"error": f"no {request.method} {request.path}"})
        try:
            return _json(200, route(json.loads(request.body or b"{}")))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            return _json(400, {"error": repr(error)})

    def _advance(self, order: dict[str, Any]) -> dict[str, Any]:
        world = self._practice.world
        changes = world.move_on(
            order.get("rounds", 1),
            changes=order.get("changes", 20),
            step=timedelta(seconds=order.get("seconds", 3_600)),
        )
        return {"now": iso(world.now), **_told(changes)}

    def _script(self, order: dict[str, Any]) -> dict[str, Any]:
        if order["fault"] is None:
            self._practice.clear_script()
            return {"faults": sorted(faults.NAMED)}
        distort = faults.NAMED[order["fault"]]
        match = faults.on(order["on"], order.get("ident")) if "on" in order else faults.anything
        self._practice.script(
            match, distort, times=order.get("times", 1), skip=order.get("skip", 0)
        )
        return {"fault": order["fault"]}

    def _change(self, order: dict[str, Any]) -> dict[str, Any]:
        world = self._practice.world
        changes: dict[str, Callable[[str], object]] = {
            "update": world.update,
            "stop": world.stop,
            "expire": world.expire,
            "reactivate": world.reactivate,
            "blank": world.blank_silently,
            "rewrite": world.rewrite_silently,
            "drop": world.drop_silently,
            "vanish": world.vanish,
            "DIR": lambda ad: world.update(ad, {"source": "DIR"}),
            "FINN": lambda ad: world.update(ad, {"source": "FINN"}),
        }
        ad: str = order["ad"]
        changes[order["how"]](ad)
        return {"ad": ad, "status": world.status(ad)}

    def _token(self, order: dict[str, Any]) -> dict[str, Any]:
        return {"token": self._practice.rotate_token(life=timedelta(seconds=order["life"]))}


def _told(changes: Changes) -> dict[str, Any]:
    named = asdict(changes)
    return {
        "counts": {kind: len(ads) for kind, ads in named.items()},
        "ads": {kind: ads[:_NAMED_AT_MOST] for kind, ads in named.items()},
    }


def _json(status: int, value: object) -> Answer:
    body = json.dumps(value, ensure_ascii=False).encode() + b"\n"  # for curl at a prompt
    return Answer(status, (("Content-Type", "application/json"),), body)
