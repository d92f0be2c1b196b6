"""The unit is what systemd understands, closed to what the program does not need, and not to what it does."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import DATA, ROOT
from tests.support.processes import run_python

ANALYZE = shutil.which("systemd-analyze")
with_systemd = pytest.mark.skipif(ANALYZE is None, reason="nothing here reads units: apt-get install systemd")
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
# Tenths, of ten in all, as `systemd-analyze security` counts; 1.3 on 2026-11-27, and 9.6 without any of it.
MOST_EXPOSED = 15


def analyze(*arguments: object) -> subprocess.CompletedProcess[str]:
    assert ANALYZE is not None
    return subprocess.run([ANALYZE, *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.fixture(params=UNITS, ids=lambda path: path.name)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A unit of ours whose program is one that exists here."""
    text = request.param.read_text(encoding="utf-8")
    assert "ExecStart=/opt/citewell/bin/" in text
    (tmp_path / request.param.name).write_text(re.sub(r"/opt/citewell/bin/\w+", sys.executable, text))
    return tmp_path / request.param.name


@with_systemd
def test_systemd_understands_every_line(unit: Path) -> None:
    read = analyze("verify", "--man=no", unit)
    assert (read.returncode, [line for line in read.stderr.splitlines() if unit.name in line]) == (0, [])


@with_systemd
def test_little_is_exposed(unit: Path) -> None:
    judged = analyze("security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}", unit)
    assert judged.returncode == 0, judged.stdout


@with_systemd
def test_system_calls_that_shut_in_a_reading_process_are_allowed_and_dangerous_ones_are_not(unit: Path) -> None:
    asked = re.findall(r"^SystemCallFilter=(.+)$", unit.read_text(), re.MULTILINE)
    names, groups = set[str](), [name for line in asked for name in line.split()]
    while groups:
        name = groups.pop()
        if name.startswith("@"):
            shown = analyze("syscall-filter", name).stdout.splitlines()[1:]
            groups += [line.strip() for line in shown if line.strip() and not line.strip().startswith("#")]
        else:
            names.add(name)
    assert {"seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"} <= names
    assert {"execve", "prctl", "prlimit64", "setrlimit", "socket", "accept4", "fsync", "mmap", "rename"} <= names
    assert not {"ptrace", "mount", "bpf", "init_module", "reboot", "swapon", "clock_settime", "kexec_load"} & names


@pytest.mark.model
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forbids memory to be written and run")
def test_it_reads_and_answers_where_no_memory_may_be_written_and_run(tmp_path: Path) -> None:
    """As the unit's MemoryDenyWriteExecute has it, with the kernel's own means (Linux 6.3; elsewhere nothing is)."""
    code = """
import ctypes, sys
from pathlib import Path
ctypes.CDLL(None).prctl(65, 1, 0, 0, 0)
from rag import Access, Citewell, Settings
with Citewell.open(Settings(data_dir=Path(sys.argv[1])), create=True) as citewell:
    citewell.documents.ingest([Path(sys.argv[2])])
    print(len(citewell.questions.ask("When was the harbour opened?", access=Access.everything()).citations))
"""
    assert int(run_python(code, tmp_path / "data", DATA / "library")) > 0
