"""A bundle says what it holds, is checked before anything is installed, and installs without a network.

The packages here are two small ones, so that it takes a second; `make bundle-try` does it with all of them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from deploy.release.bundle import missing, write_bundle
from deploy.release.dependencies import locked
from rag.models.exported import hash_file

OWN = "citewell-9.8.7-py3-none-any.whl"
OTHER = "rich-1.0-cp311-cp311-manylinux_2_28_x86_64.whl"


def make_wheel(path: Path, code: str = "") -> Path:
    """A wheel of one module with `code`; its command `citewell` runs main()."""
    name, version = path.name.split("-")[:2]
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}_stub.py", code)
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/entry_points.txt", f"[console_scripts]\n{name} = {name}_stub:main\n")
        archive.writestr(f"{about}/RECORD", "")
    return path


@pytest.fixture
def wheels(tmp_path: Path) -> list[Path]:
    code = "def main():\n    import rich_stub\n    print(rich_stub.WORD)\n"
    (tmp_path / "wheels").mkdir()
    return [
        make_wheel(tmp_path / "wheels" / OWN, code),
        make_wheel(tmp_path / "wheels" / "rich-1.0-py3-none-any.whl", "WORD = 'installed'\n"),
    ]


@pytest.fixture
def unpacked(wheels: list[Path], tmp_path: Path) -> Path:
    archive = write_bundle(tmp_path / "dist", wheels)
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    return tmp_path / archive.name.removesuffix(".tar")


def install(folder: Path, target: Path, *before: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    environment = {"HOME": str(folder.parent), "PATH": os.environ["PATH"], "PYTHON": python}
    command = [*before, str(folder / "install.sh"), str(target)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def without_network() -> list[str]:
    """What to start a program with so that it has no network at all."""
    found = shutil.which("unshare")
    command = [found or "", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--"]
    if found is None or subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip(
            "no namespace without a network can be made here: it needs Linux, unshare (util-linux) and the right"
        )
    return command


def test_it_holds_the_wheels_what_they_are_and_how_to_install_them(unpacked: Path, wheels: list[Path]) -> None:
    python = ".".join(map(str, sys.version_info[:2]))
    assert unpacked.name == f"citewell-9.8.7-{sys.platform}-any-py{python}"
    files = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    beside = {
        "install.sh",
        "requirements.txt",
        "citewell.cdx.json",
        "docs/installing.md",
        "deploy/systemd/citewell.service",
    }
    assert beside | {f"wheels/{wheel.name}" for wheel in wheels} <= files
    sums = dict(line.split("  ")[::-1] for line in (unpacked / "SHA256SUMS").read_text().splitlines())
    assert sums == {name: hash_file(unpacked / name) for name in files - {"SHA256SUMS"}}
    assert (unpacked / "requirements.txt").read_text() == "".join(
        f"{name}=={version} --hash=sha256:{hash_file(wheel)}\n"
        for (name, version), wheel in zip([("citewell", "9.8.7"), ("rich", "1.0")], wheels, strict=True)
    )
    parts = {part["name"]: part for part in json.loads((unpacked / "citewell.cdx.json").read_text())["components"]}
    assert parts["rich"]["hashes"] == [{"alg": "SHA-256", "content": hash_file(wheels[1])}]


def test_a_bundle_with_something_for_one_processor_is_named_by_it(wheels: list[Path], tmp_path: Path) -> None:
    wheels[1] = make_wheel(wheels[1].with_name(OTHER))
    assert "-x86_64-" in write_bundle(tmp_path / "dist", wheels).name


def test_the_same_wheels_give_the_same_archive(wheels: list[Path], tmp_path: Path) -> None:
    one, two = (write_bundle(tmp_path / name, wheels) for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_it_installs_without_a_network(unpacked: Path, tmp_path: Path) -> None:
    ran = install(unpacked, tmp_path / "there", *without_network())
    assert (ran.returncode, ran.stderr) == (0, "")
    said = subprocess.run([tmp_path / "there" / "bin" / "citewell"], capture_output=True, text=True, check=True)
    assert said.stdout == "installed\n"


def test_a_changed_file_is_found_before_anything_is_installed(unpacked: Path, tmp_path: Path) -> None:
    with (unpacked / "wheels" / OWN).open("ab") as wheel:
        wheel.write(b"more")
    ran = install(unpacked, tmp_path / "there")
    assert ran.returncode == 1
    assert "Copy it again; nothing was installed." in ran.stderr
    assert not (tmp_path / "there").exists()


def test_what_is_there_already_is_left_alone(unpacked: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    ran = install(unpacked, tmp_path / "there")
    assert (ran.returncode, list((tmp_path / "there").iterdir())) == (2, [])
    assert "is there already" in ran.stderr


def test_another_python_is_told_of(unpacked: Path, tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\necho 3.9\n")
    old.chmod(0o755)
    ran = install(unpacked, tmp_path / "there", python=str(old))
    assert (ran.returncode, (tmp_path / "there").exists()) == (2, False)
    assert f"{old} is Python 3.9; this bundle is for {sys.version_info[0]}.{sys.version_info[1]}" in ran.stderr


def test_packages_without_the_wheel_of_their_list_are_named(wheels: list[Path]) -> None:
    assert missing(wheels) == {package.name: package.version for package in locked("serving")}
