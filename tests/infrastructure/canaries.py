"""Words that must not be found again: registered by a test, searched where they must never lie in clear."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, LargeBinary, String, create_engine, select

from app import models  # noqa: F401  fills the metadata
from app.database import Base
from tests.infrastructure.databases import Database


class Canaries(logging.Handler):
    """Holds the words, hears everything that is logged, and knows where else a word may leak to."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
        self._database = database
        self._words: list[str] = []
        self._lines: list[str] = []

    def register(self, word: str) -> str:
        """The word itself, from now on watched."""
        if len(word) < 6:
            raise ValueError("too short to be found for certain")
        self._words.append(word)
        return word

    def forget(self) -> None:
        """Watches no word any more: for a test that leaked one on purpose."""
        self._words.clear()

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))

    @contextmanager
    def listening(self) -> Iterator["Canaries"]:
        """Hears what the application and its libraries log while the block runs."""
        root, ours = logging.getLogger(), logging.getLogger("app")
        before = ours.level
        root.addHandler(self)
        ours.setLevel(logging.DEBUG)
        try:
            yield self
        finally:
            root.removeHandler(self)
            ours.setLevel(before)

    def in_logs(self) -> list[str]:
        """The lines of the log that hold a registered word."""
        return [line for line in self._lines if self._holds(line)]

    def in_mail(self) -> list[str]:
        """The caught mails that hold a registered word."""
        mails = sorted((self._database.instance / "mail").glob("*.eml"))
        return [mail.name for mail in mails if self._holds(_read(mail))]

    def in_clear(self) -> list[str]:
        """The columns of the database that hold a registered word without a seal, as table.column."""
        if not self._words:
            return []
        engine = create_engine(self._database.owner_url or self._database.url)
        try:
            return sorted(set(self._columns_with_a_word(engine)))
        finally:
            engine.dispose()

    def _columns_with_a_word(self, engine: Engine) -> Iterator[str]:
        with engine.connect() as connection:
            for table in Base.metadata.sorted_tables:
                columns = [
                    column for column in table.columns if isinstance(column.type, String | LargeBinary)
                ]
                for row in connection.execute(select(*columns)) if columns else ():
                    for column, value in zip(columns, row, strict=True):
                        if value is not None and self._holds(_as_text(value)):
                            yield f"{table.name}.{column.name}"

    def _holds(self, text: str) -> bool:
        return any(word in text for word in self._words)


def _as_text(value: str | bytes) -> str:
    return value if isinstance(value, str) else bytes(value).decode("utf-8", errors="replace")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
