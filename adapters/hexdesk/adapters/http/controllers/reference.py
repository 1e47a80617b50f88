"""The reference: the OpenAPI document, and a page that shows it without the internet."""

from importlib.resources import files
from typing import Any, cast

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from hexdesk.adapters.http.calls import call
from hexdesk.adapters.http.openapi import document
from hexdesk.adapters.http.options import HttpOptions

PAGES = files("hexdesk.adapters.http") / "pages"
PAGE = "reference.html"
MEDIA_TYPES = {
    PAGE: "text/html",
    "reference.css": "text/css",
    "reference.js": "text/javascript",
    "elements.js": "text/javascript",
    "schemas.js": "text/javascript",
}
KEPT = "openapi"
REVALIDATE = {"cache-control": "no-cache"}
OWN_PARTS_ONLY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}


class ReferenceController(Controller):
    """The reference; it is not part of what it describes."""

    path = "/"
    include_in_schema = False
    opt = call(is_public=True)

    @get("/openapi.json")
    async def show_document(
        self, request: Request[Any, Any, Any], options: NamedDependency[HttpOptions]
    ) -> Response[bytes]:
        """Show the OpenAPI document."""
        state = request.app.state
        if KEPT not in state:
            state[KEPT] = document(request.app.routes, options.version, options.public_url)
        text = cast("bytes", state[KEPT])
        return Response(text, media_type="application/json", headers=REVALIDATE)

    @get(["/docs", "/docs/problems/{slug:str}"])
    async def show_page(self) -> Response[bytes]:
        """Show the page; the type of each problem leads there too."""
        return _file(PAGE)

    @get("/docs/{name:str}")
    async def show_part(self, name: FromPath[str]) -> Response[bytes]:
        """Give the page its parts."""
        if name not in MEDIA_TYPES:
            raise NotFoundException
        return _file(name)


def _file(name: str) -> Response[bytes]:
    return Response(
        (PAGES / name).read_bytes(),
        media_type=MEDIA_TYPES[name],
        headers=REVALIDATE | OWN_PARTS_ONLY,
    )
