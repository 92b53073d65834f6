"""Built stylesheets, scripts and icons, found by the name a template knows them by."""

import json
from pathlib import Path
from wsgiref.headers import Headers

from flask import Flask, current_app, url_for
from whitenoise import WhiteNoise  # type: ignore[import-untyped]  # it ships no types

from app.web.security import HEADERS

BUILT = "built"
HASHED = r"^/static/built/.+-[0-9a-f]{12}\."
NOT_BUILT = "app/static/built/manifest.json is missing: run `npm ci && npm run build`"


def load(folder: Path) -> dict[str, str]:
    """Name → hashed file name. Empty before the first build, so that commands without pages still run."""
    manifest = folder / BUILT / "manifest.json"
    return dict(json.loads(manifest.read_text(encoding="utf-8"))) if manifest.exists() else {}


def asset(name: str) -> str:
    """The address of a built file. Raises RuntimeError when nothing was built, KeyError for an unknown name."""
    names: dict[str, str] = current_app.extensions["candour.assets"]
    if not names:
        raise RuntimeError(NOT_BUILT)
    return url_for("static", filename=f"{BUILT}/{names[name]}")


def init_app(app: Flask) -> None:
    """Reads the manifest once, and serves what was built compressed, ahead of the application."""
    folder = Path(app.static_folder or "")
    app.extensions["candour.assets"] = load(folder)
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]  # the way Flask documents
        app.wsgi_app,
        root=folder / BUILT,
        prefix=f"static/{BUILT}/",
        immutable_file_test=HASHED,
        add_headers_function=_harden,
        allow_all_origins=False,
    )


def _harden(headers: Headers, _path: str, _url: str) -> None:
    """The same headers as on everything else."""
    for name, value in HEADERS.items():
        headers[name] = value
