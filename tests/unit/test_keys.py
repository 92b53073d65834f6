"""Keys and keyrings: what is sealed opens in its own place only, and no key ever shows itself."""

import copy
import json
import multiprocessing
import pickle
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import KeysMissing, SealBroken
from app.encryption.keyring import INSTALLATION, FileKeyStore, Keyring
from app.encryption.keys import ENVELOPE, KEY_BYTES, Context, Key, open_sealed, seal

HERE = Context(owner="organisation", case="case", table="message", column="body", row="row")
ORGANISATION = UUID(int=5)


@given(st.binary(max_size=300))
def test_what_was_sealed_opens_in_its_place(text: bytes) -> None:
    key = Key.new()
    assert key.open(key.seal(text, context=HERE), context=HERE) == text


@pytest.mark.parametrize("part", ["owner", "case", "table", "column", "row"])
def test_a_ciphertext_moved_anywhere_else_does_not_open(part: str) -> None:
    key = Key.new()
    sealed = seal(key, "a narrative", context=HERE)
    with pytest.raises(SealBroken):
        open_sealed(key, sealed, context=replace(HERE, **{part: "another"}))


def test_two_rows_that_are_swapped_do_not_open() -> None:
    key = Key.new()
    rows = [replace(HERE, row=name) for name in ("one", "two")]
    sealed = [seal(key, row.row, context=row) for row in rows]
    for row, other in zip(rows, reversed(sealed), strict=True):
        with pytest.raises(SealBroken):
            open_sealed(key, other, context=row)


def test_every_changed_byte_is_noticed() -> None:
    key = Key.new()
    sealed = seal(key, "text", context=HERE)
    for place in range(len(sealed)):
        changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(SealBroken):
            open_sealed(key, changed, context=HERE)


def test_every_shortened_text_is_noticed() -> None:
    key = Key.new()
    sealed = seal(key, "text", context=HERE)
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            key.open(sealed[:length], context=HERE)


@pytest.mark.parametrize("version", [0, 2, 255])
def test_an_unknown_envelope_is_not_opened(version: int) -> None:
    key = Key.new()
    sealed = bytes([version]) + seal(key, "text", context=HERE)[1:]
    with pytest.raises(SealBroken, match="version"):
        key.open(sealed, context=HERE)


def test_another_key_does_not_open() -> None:
    with pytest.raises(SealBroken):
        Key.new().open(seal(Key.new(), "text", context=HERE), context=HERE)


def test_the_same_text_is_never_sealed_to_the_same_bytes() -> None:
    key = Key.new()
    assert len({seal(key, "text", context=HERE) for _ in range(50)}) == 50
    assert seal(key, "text", context=HERE).startswith(ENVELOPE)


def test_a_key_has_32_bytes() -> None:
    for size in (0, 16, 31, 33):
        with pytest.raises(ValueError, match="32"):
            Key(bytes(size))


def test_a_derived_key_is_hkdf_of_its_purpose() -> None:
    secret = bytes(range(KEY_BYTES))
    expected = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"for this").derive(secret)
    assert Key(secret).derive(b"for this").export() == expected
    assert Key(secret).derive(b"for that").export() != expected


def test_a_key_is_never_shown_copied_or_pickled() -> None:
    key = Key(b"0123456789abcdef" * 2)
    for shown in (repr(key), str(key), f"{key}", f"{[key]}"):
        assert "0123" not in shown
    for carry in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            carry(key)


def test_a_keyring_is_never_shown_or_pickled(tmp_path: Path) -> None:
    ring = Rings(tmp_path).made(ORGANISATION.hex)
    assert repr(ring) == str(ring) == "<keyring>"
    for carry in (pickle.dumps, asdict):
        with pytest.raises(TypeError):
            carry(ring)


# ---- keyrings


def test_a_wrapped_key_opens_for_its_owner_its_name_and_its_version_only() -> None:
    ring = Keyring("owner", {1: Key.new()}, Key.new())
    version, wrapped = ring.wrap(Key.new(), name="case:1")
    assert isinstance(ring.unwrap(wrapped, name="case:1", version=version), Key)
    other = Keyring("another", ring.masters, ring.index)
    older = Keyring("owner", {1: ring.masters[1], 2: Key.new()}, ring.index)
    for wrong, name, number in ((ring, "case:2", 1), (other, "case:1", 1), (older, "case:1", 2)):
        with pytest.raises(SealBroken):
            wrong.unwrap(wrapped, name=name, version=number)


def test_a_master_that_is_not_there_breaks_the_seal_and_nothing_else() -> None:
    ring = Keyring("owner", {1: Key.new()}, Key.new())
    _, wrapped = ring.wrap(Key.new(), name="case:1")
    with pytest.raises(SealBroken):
        ring.unwrap(wrapped, name="case:1", version=7)


def test_new_keys_are_wrapped_by_the_newest_master() -> None:
    ring = Keyring("owner", {1: Key.new(), 3: Key.new(), 2: Key.new()}, Key.new())
    assert ring.wrap(Key.new(), name="case:1")[0] == 3


class Rings:
    """A folder of keyrings, and what a database notes of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.noted: dict[str, bytes] = {}
        self.store = self.another_process()

    def another_process(self) -> FileKeyStore:
        """A store that has opened nothing yet."""
        return FileKeyStore(self.folder, check_of=self.noted.get)

    def made(self, owner: str) -> Keyring:
        """A new keyring, noted."""
        ring = self.store.make(owner)
        self.noted[owner] = ring.check
        return ring


def test_each_organisation_has_a_keyring_of_its_own_that_is_kept(tmp_path: Path) -> None:
    rings = Rings(tmp_path)
    person = uuid4()
    token = rings.made(ORGANISATION.hex).index.token(person)
    assert rings.another_process().organisation(ORGANISATION).index.token(person) == token
    assert rings.made(uuid4().hex).index.token(person) != token
    assert rings.made(INSTALLATION).index.token(person) != token
    assert rings.another_process().installation().check == rings.noted[INSTALLATION]
    assert len(token) == 16


@pytest.mark.parametrize("left", [None, "", "{}", '{"masters": {}, "index": "!"}'])
def test_a_keyring_that_is_lost_or_broken_is_never_made_anew(tmp_path: Path, left: str | None) -> None:
    rings = Rings(tmp_path)
    rings.made(ORGANISATION.hex)
    file = tmp_path / f"{ORGANISATION.hex}.json"
    file.unlink()
    if left is not None:
        file.write_text(left)
    for _ in range(2):
        with pytest.raises(KeysMissing, match=ORGANISATION.hex):
            rings.another_process().organisation(ORGANISATION)
    assert file.exists() == (left is not None)


def test_another_keyring_under_the_same_name_opens_nothing(tmp_path: Path) -> None:
    rings, others = Rings(tmp_path / "ours"), Rings(tmp_path / "theirs")
    rings.made(ORGANISATION.hex)
    others.made(ORGANISATION.hex)
    others.noted.update(rings.noted)
    with pytest.raises(KeysMissing, match=ORGANISATION.hex):
        others.another_process().organisation(ORGANISATION)


def test_a_keyring_that_no_database_knows_opens_nothing(tmp_path: Path) -> None:
    rings = Rings(tmp_path)
    rings.made(ORGANISATION.hex)
    rings.noted.clear()
    with pytest.raises(KeysMissing):
        rings.another_process().organisation(ORGANISATION)


def test_keyrings_are_files_that_only_their_owner_reads(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    rings = Rings(folder)
    rings.made(ORGANISATION.hex)
    rings.made(INSTALLATION)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    names = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert names == {f"{ORGANISATION.hex}.json": 0o600, "installation.json": 0o600}
    assert set(json.loads((folder / "installation.json").read_text())) == {"masters", "index"}


def _token(folder: Path) -> bytes:
    return Rings(folder).made(ORGANISATION.hex).index.token(ORGANISATION)


def test_threads_of_many_stores_agree_on_one_keyring(tmp_path: Path) -> None:
    for attempt in range(5):
        folder = tmp_path / str(attempt)
        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(_token, [folder] * 8))) == 1
        assert len(list(folder.iterdir())) == 1


def test_processes_agree_on_one_keyring(tmp_path: Path) -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        assert len(set(pool.map(_token, [tmp_path] * 8, chunksize=1))) == 1


def test_what_a_crash_left_of_a_keyring_does_not_stand_in_the_way(tmp_path: Path) -> None:
    (tmp_path / f"{ORGANISATION.hex}.999.999").write_text("half a keyri")
    assert _token(tmp_path) == _token(tmp_path)
