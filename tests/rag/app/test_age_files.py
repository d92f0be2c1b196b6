"""A backup is encrypted to public keys, comes back with a secret one, and never lies elsewhere in the clear."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.app.age_files import decrypted, is_encrypted, write_encrypted
from rag.errors import InputError, StorageDamaged
from rag.records import Access
from tests.support.age_keys import make_key, needs_age
from tests.support.fakes import HashEmbedder

pytestmark = needs_age
EVERYTHING = Access.everything()


@pytest.fixture
def key(tmp_path: Path) -> str:
    return make_key(tmp_path / "key")


@pytest.fixture
def backup(citewell: Citewell, key: str, tmp_path: Path) -> Path:
    citewell.maintenance.back_up(tmp_path / "backup.age", encrypt_to=[key])
    return tmp_path / "backup.age"


def names_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_it_is_restored_with_every_document(
    citewell: Citewell, backup: Path, embedder: HashEmbedder, tmp_path: Path
) -> None:
    there = replace(citewell.settings, data_dir=tmp_path / "there", backup_identity=tmp_path / "key")
    Citewell.restore(backup, there)
    with Citewell.open(there, embedder=embedder) as other:
        assert [info.text_sha256 for info in other.documents.all(access=EVERYTHING)] == [
            info.text_sha256 for info in citewell.documents.all(access=EVERYTHING)
        ]
    assert not [path for path in there.data_dir.iterdir() if path.name.startswith(".")]


def test_nothing_of_it_can_be_read_and_nothing_else_is_left(citewell: Citewell, key: str, tmp_path: Path) -> None:
    before = names_below(citewell.settings.data_dir)
    (tmp_path / "out").mkdir()
    size = citewell.maintenance.back_up(tmp_path / "out" / "backup.age", encrypt_to=[key])
    written = (tmp_path / "out" / "backup.age").read_bytes()
    assert is_encrypted(tmp_path / "out" / "backup.age")
    assert len(written) == size
    assert b"SQLite" not in written
    assert names_below(tmp_path / "out") == {"backup.age"}
    assert names_below(citewell.settings.data_dir) == before
    assert (tmp_path / "out" / "backup.age").stat().st_mode & 0o777 == 0o600


def test_any_of_several_keys_opens_it(tmp_path: Path) -> None:
    keys = [make_key(tmp_path / "one"), make_key(tmp_path / "two")]
    write_encrypted(tmp_path / "file", keys, lambda path: path.write_bytes(b"boats"), room=tmp_path)
    for name in ("one", "two"):
        with decrypted(tmp_path / "file", tmp_path / name, room=tmp_path) as plain:
            assert plain.read_bytes() == b"boats"
    assert names_below(tmp_path) == {"file", "one", "two"}


@pytest.mark.parametrize("size", [1, 65_535, 65_536, 65_537, 200_000])
def test_files_of_every_length_come_back(key: str, tmp_path: Path, size: int) -> None:
    content = bytes(size)
    write_encrypted(tmp_path / "file", [key], lambda path: path.write_bytes(content), room=tmp_path)
    with decrypted(tmp_path / "file", tmp_path / "key", room=tmp_path) as plain:
        assert plain.read_bytes() == content


def test_another_key_does_not_open_it(backup: Path, tmp_path: Path) -> None:
    make_key(tmp_path / "other")
    with (
        pytest.raises(InputError, match=r"is not encrypted to the key in .*other; give the file"),
        decrypted(backup, tmp_path / "other", room=tmp_path),
    ):
        pass


def test_without_a_key_it_says_what_is_wanted(backup: Path, citewell: Citewell, tmp_path: Path) -> None:
    there = replace(citewell.settings, data_dir=tmp_path / "there")
    with pytest.raises(InputError, match="is encrypted; expected the file with its secret key: --identity FILE"):
        Citewell.restore(backup, there)
    with pytest.raises(InputError, match="is no file; expected one with the secret key"):
        Citewell.restore(backup, replace(there, backup_identity=tmp_path / "none"))
    (tmp_path / "words").write_text("my password\n")
    with pytest.raises(InputError, match="words has no key of age"):
        Citewell.restore(backup, replace(there, backup_identity=tmp_path / "words"))


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_one_that_is_not_as_it_was_written_restores_nothing(
    citewell: Citewell, backup: Path, tmp_path: Path, damage: str
) -> None:
    content = bytearray(backup.read_bytes())
    if damage == "cut":
        del content[-1_000:]
    else:
        content[-1_000] ^= 1
    backup.write_bytes(content)
    there = replace(citewell.settings, data_dir=tmp_path / "there", backup_identity=tmp_path / "key")
    with pytest.raises(StorageDamaged, match=r"backup\.age is damaged: .* use another backup"):
        Citewell.restore(backup, there)
    assert names_below(there.data_dir) == set()


def test_what_is_no_public_key_is_refused_and_a_secret_one_not_repeated(citewell: Citewell, tmp_path: Path) -> None:
    make_key(tmp_path / "key")
    secret = (tmp_path / "key").read_text().splitlines()[-1]
    for given, said in ((secret, "A secret key was given"), ("--output=x", "is no public key"), ("", "is no public")):
        with pytest.raises(InputError, match=said) as raised:
            citewell.maintenance.back_up(tmp_path / "backup.age", encrypt_to=[given])
        assert secret not in str(raised.value)
    assert not (tmp_path / "backup.age").exists()


def test_nothing_is_written_over(citewell: Citewell, key: str, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    with pytest.raises(InputError, match="is there already"):
        citewell.maintenance.back_up(tmp_path / "kept", encrypt_to=[key])
    with pytest.raises(InputError, match="is no folder"):
        citewell.maintenance.back_up(tmp_path / "none" / "backup", encrypt_to=[key])
    assert (tmp_path / "kept").read_text() == "kept"
