"""One archive to install from where there is no network: wheels of all packages, their hashes, what they are, how to.

    python -m deploy.release.bundle dist

The packages are those for the machine and the Python that it is made with. Whoever installs needs that Python with its
venv, and a shell. The archive has one folder:

    install.sh           checks all, then installs into the folder that is named
    SHA256SUMS           of every other file
    requirements.txt     every package with its version and the hash of its wheel
    citewell.cdx.json    the bill of materials, with those hashes
    wheels/ deploy/ docs/
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.utils import parse_wheel_filename

from deploy.release.dependencies import LOCKS, ROOT, locked
from deploy.release.sbom import write_bill
from deploy.release.wheel import build_wheel
from rag.models.catalogue import load_model
from rag.models.exported import hash_file
from rag.settings import BUNDLED_MODEL

_BESIDE = (
    "deploy/systemd",
    "deploy/proxy",
    "deploy/container",
    "docs/installing.md",
    "docs/licences.md",
    "docs/settings.md",
    "LICENSE",
)


def write_bundle(target: Path, wheels: Iterable[Path]) -> Path:
    """The archive, newly written into the folder `target`, of these wheels, of which one is Citewell's own."""
    wheels = sorted(wheels)
    hashes = {_name(wheel): hash_file(wheel) for wheel in wheels}
    (version,) = (str(parse_wheel_filename(wheel.name)[1]) for wheel in wheels if _name(wheel) == "citewell")
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    name = f"citewell-{version}-{sys.platform}-{_machine(wheels)}-py{python}"
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work, name)
        (folder / "wheels").mkdir(parents=True)
        for wheel in wheels:
            shutil.copyfile(wheel, folder / "wheels" / wheel.name)
        for beside in _BESIDE:
            _copy(ROOT / beside, folder / beside)
        shutil.copy(ROOT / "deploy" / "bundle" / "install.sh", folder)
        (folder / "python-version").write_text(f"{python}\n")
        (folder / "requirements.txt").write_text("".join(_required(wheel, hashes) for wheel in wheels))
        write_bill(folder / "citewell.cdx.json", hashes)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        sums = "".join(f"{hash_file(path)}  {path.relative_to(folder)}\n" for path in files)
        (folder / "SHA256SUMS").write_text(sums)
        target.mkdir(parents=True, exist_ok=True)
        archive = target / f"{name}.tar"
        with tarfile.open(archive, "w") as tar:
            tar.add(folder, name, filter=_of_nobody)
    return archive


def missing(wheels: Iterable[Path]) -> Mapping[str, str]:
    """Which packages that serving needs have no wheel among these with a hash that their list has."""
    hashes = {_name(wheel): hash_file(wheel) for wheel in wheels}
    return {
        package.name: package.version for package in locked("serving") if hashes.get(package.name) not in package.hashes
    }


def _name(wheel: Path) -> str:
    return str(parse_wheel_filename(wheel.name)[0])


def _machine(wheels: Iterable[Path]) -> str:
    """The processor that the wheels are for; "any" where none is for one."""
    tags = {tag.platform for wheel in wheels for tag in parse_wheel_filename(wheel.name)[3]}
    return next((kind for kind in ("x86_64", "aarch64", "arm64") if any(tag.endswith(kind) for tag in tags)), "any")


def _required(wheel: Path, hashes: Mapping[str, str]) -> str:
    name, version, *_ = parse_wheel_filename(wheel.name)
    return f"{name}=={version} --hash=sha256:{hashes[str(name)]}\n"


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)


def _of_nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """The same content gives the same archive, whoever makes it and when."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member


def main(arguments: list[str]) -> None:
    """Fetch the wheels, by their hashes, build our own, and write the archive into the folder that is given."""
    with tempfile.TemporaryDirectory() as work:
        wheels = Path(work, "wheels")
        subprocess.run(  # noqa: S603 - pip of this environment, and our own list
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
                *("--require-hashes", "--only-binary", ":all:", "--dest", str(wheels)),
                *("--requirement", str(LOCKS / "serving.txt")),
            ],
            check=True,
        )
        build_wheel(wheels, load_model(BUNDLED_MODEL, Path(work, "models")))
        if lacking := missing(wheels.iterdir()):
            raise SystemExit(f"No wheel was fetched of {lacking}; look at deploy/locks/serving.txt.")
        archive = write_bundle(Path(arguments[0]), wheels.iterdir())
    sys.stdout.write(f"{archive} ({archive.stat().st_size / 1e6:.0f} MB)\n")


if __name__ == "__main__":
    main(sys.argv[1:])
