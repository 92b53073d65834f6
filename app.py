"""One command: prepare ``instance/``, migrate, serve and tick. ``make run`` calls it."""

import os

from app import create_app
from app.cli.serve import main

if __name__ == "__main__":
    os.umask(0o077)
    main(create_app(is_prepared=False))
