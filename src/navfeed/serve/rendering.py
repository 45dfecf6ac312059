"""What all pages for people share: language, templates, static files, the reader's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from navfeed.errors import ConfigError
from navfeed.model import age_of
from navfeed.serve.address import Address
from navfeed.serve.parameters import read_parameters
from navfeed.serve.personal import Marks
from navfeed.serve.personal_view import TriageForm
from navfeed.serve.queries import Snapshot
from navfeed.serve.responses import Payload, Responder
from navfeed.serve.visible import visible
from navfeed.serve.words import LANGUAGES, Language, chosen
from navfeed.watches.choices import Mark

if TYPE_CHECKING:
    from jinja2 import Environment, Template

    from navfeed.watches.definition import Watch

OLD = timedelta(days=1)
"""From this age on the page warns that the data is old, where it may be shown at all."""

Query = Callable[[Request, Language, Snapshot], Payload]

_TYPE = "text/html; charset=utf-8"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HERE = Path(__file__).parent


class Html:
    """Answers with pages in the reader's language."""

    def __init__(self, responder: Responder) -> None:
        self.options = responder.options
        self.own_parameters = ("mark",) if self.options.personal else ()
        self._responder = responder
        self._static = {
            file.name: file.read_bytes() for file in sorted((_HERE / "static").iterdir())
        }
        self._compiling = Lock()

    def routes(self) -> list[Route]:
        return [Route("/static/{name}", self.static)]

    async def static(self, request: Request) -> Response:
        """Style, script or icon; links hold a hash of each, so that it may be kept."""
        name = request.path_params["name"]
        if name not in self._static:
            return Response("There is nothing at this address.\n", 404, media_type="text/plain")
        return Response(
            self._static[name],
            media_type=_TYPES[Path(name).suffix],
            headers={"cache-control": "public, max-age=31536000, immutable"},
        )

    @cached_property
    def _templates(self) -> Environment:
        """Made for the first page: jinja2 takes 20 ms to import, which programs do not wait for."""
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

        templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_finalize,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        templates.globals["static"] = self._static_address
        templates.globals["root"] = self.options.root_path
        return templates

    def template(self, name: str) -> Template:
        """A template, compiled once for all threads."""
        with self._compiling:
            return self._templates.get_template(name)

    def _static_address(self, name: str) -> str:
        mark = sha256(self._static[name]).hexdigest()[:8]
        return f"{self.options.root_path}/static/{name}?{mark}"

    async def answer(self, request: Request, query: Query) -> Response:
        wanted = request.query_params.get("lang", "")
        language = chosen(wanted, request.headers.get("accept-language", ""))
        answer = await self._responder.answer(
            request,
            partial(query, request, language),
            problem=partial(self._problem, request, language),
            depends=partial(self._depends, language),
        )
        answer.headers.add_vary_header("Accept-Language")
        return answer

    def _depends(self, language: Language, snapshot: Snapshot) -> object:
        return language.code, _freshness(snapshot, language), self.marks(), self.watches()

    def render(
        self,
        name: str,
        language: Language,
        address: Address,
        snapshot: Snapshot | None,
        **values: object,
    ) -> Payload:
        """A template as a page; `snapshot` is None where it is about no data."""
        others = [one for one in LANGUAGES.values() if one is not language]
        text = self.template(name).render(
            t=language,
            address=address,
            others=others,
            freshness=_freshness(snapshot, language) if snapshot else None,
            **values,
        )
        return Payload(text.encode(errors="replace"), _TYPE)

    def part(self, name: str, language: Language, **values: object) -> Markup:
        """A template as a part of a page."""
        text = self.template(name).render(t=language, **values)
        return Markup(text)  # noqa: S704  templates escape what they write

    def _problem(self, request: Request, language: Language, status: int, message: str) -> Payload:
        address = Address(self.options.root_path, read_parameters(request))
        return self.render("problem.html", language, address, None, status=status, message=message)

    # What is the reader's own

    def marks(self) -> Marks:
        return self.options.personal.marks() if self.options.personal else {}

    def watches(self) -> list[Watch]:
        """None of them where their file cannot be read: the ads are shown all the same."""
        try:
            return self.options.personal.watches() if self.options.personal else []
        except ConfigError:
            return []

    def triage(self, mark: Mark | None, address: Address, **changes: str) -> TriageForm | None:
        """The form that marks an ad and leads back to `address` with these changes."""
        if self.options.personal is None:
            return None
        back = urlsplit(address.href(**changes)).query
        return TriageForm(self.options.personal.secret, mark, back)


def _finalize(value: object) -> object:
    """What a template is about to write: a text, or HTML that was made safe, and anything else."""
    return visible(value) if type(value) is str else value


def _freshness(snapshot: Snapshot, language: Language) -> tuple[str, bool]:
    """How fresh the data is, in words, and whether it is old."""
    age = age_of(snapshot.caught_up_at, snapshot.now)
    if age is None:
        return language["unknown_age"], True
    words = language["stale_warning" if age > OLD else "fresh"]
    return words.format(moment=language.moment(snapshot.caught_up_at)), age > OLD
