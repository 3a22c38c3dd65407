"""What goes over the wire: the headers of every answer, pages compressed, and the static files held in memory.

There is no build step: static files are compressed once when the application starts, under addresses that change with
their contents, so that a browser fetches each of them once.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, request, url_for

FOLDER = Path(__file__).parent / "static"
OURS = ("/admin", "/simulator", "/studio")  # what machines ask for elsewhere is answered bare
SMALL = 600  # bytes that are not worth compressing
LONG = "public, max-age=31536000, immutable"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex",
}

assets = Blueprint("assets", __name__)


@dataclass(frozen=True)
class Asset:
    """One static file, plain and compressed, with the mark of its contents."""

    body: bytes
    packed: bytes
    kind: str
    mark: str


def init_app(app: Flask) -> None:
    """Serve the static files, set the headers, compress the pages."""
    app.register_blueprint(assets)
    app.jinja_env.globals["asset"] = address
    app.after_request(finish)
    shelf()


@cache
def shelf() -> dict[str, Asset]:
    """Every static file by its name."""
    return {path.name: _asset(path) for path in sorted(FOLDER.iterdir()) if path.is_file()}


def address(name: str) -> str:
    """The address of a static file, with the mark of its contents."""
    return url_for("assets.file", name=name, v=shelf()[name].mark)


@assets.get("/admin/static/<name>")
def file(name: str) -> Response:
    """One static file; without its mark in the address it is asked for again each time."""
    asset = shelf().get(name) or abort(404)
    takes_gzip = request.accept_encodings["gzip"] > 0
    response = Response(asset.packed if takes_gzip else asset.body, mimetype=asset.kind)
    if takes_gzip:
        response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    response.set_etag(asset.mark)
    response.headers["Cache-Control"] = LONG if request.args.get("v") == asset.mark else "no-cache"
    response.make_conditional(request)
    return response


def finish(response: Response) -> Response:
    """The last hand on a page: headers, nothing kept by the browser unless it says so, HTML compressed."""
    if not request.path.startswith(OURS):
        return response
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if response.mimetype != "text/html":
        return response
    response.headers.setdefault("Cache-Control", "private, no-store")
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] > 0 and not response.direct_passthrough:
        _pack(response)
    return response


def _pack(response: Response) -> None:
    body = response.get_data()
    if len(body) >= SMALL and "Content-Encoding" not in response.headers:
        response.set_data(gzip.compress(body, 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Asset(body, gzip.compress(body, 9, mtime=0), kind, hashlib.sha256(body).hexdigest()[:12])
