"""Built stylesheets, scripts and icons, found by the name a template knows them by."""

import json
from pathlib import Path

from flask import Flask, current_app, url_for

BUILT = "built"
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
    """Reads the manifest once."""
    app.extensions["candour.assets"] = load(Path(app.static_folder or ""))
