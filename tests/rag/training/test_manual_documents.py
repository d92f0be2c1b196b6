from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from rag.training.manual_documents import MANUALS, cut, markdown_of_help, markdown_of_page, write_documents

DPKG_DEB = shutil.which("dpkg-deb")
HELP = """<page xmlns="http://projectmallard.org/1.0/" xmlns:xi="http://www.w3.org/2001/XInclude" id="lamp">
<info><desc>Not to be read.</desc></info><title>The   lamp</title>
<p>It has <em>two</em>
colours.</p>
<section id="off"><title>Turn it off</title>
<steps><title>By hand</title><item><p>Press the key.</p><p>Hold it.</p></item>
<item><p>Wait.</p><list><item><p>At night too.</p></item></list></item></steps>
<note><p>It stays warm.</p></note></section>
<terms><item><title>Red</title><p>Call us.</p></item></terms>
<table><tr><td><p>Part</p></td><td><p>Price</p></td></tr><tr><td><p>Bulb | small</p></td><td><p>3</p></td></tr></table>
<xi:include href="more.xml"/>
</page>"""


def test_help_becomes_markdown_with_what_it_includes(tmp_path: Path) -> None:
    (tmp_path / "more.xml").write_text('<p xmlns="http://projectmallard.org/1.0/">Included.</p>')
    page = tmp_path / "lamp.page"
    page.write_text(HELP)
    assert markdown_of_help(page).splitlines() == [
        "# The lamp",
        "",
        "It has two colours.",
        "",
        "## Turn it off",
        "",
        "**By hand**",
        "",
        "1. Press the key.",
        "",
        "   Hold it.",
        "1. Wait.",
        "",
        "   - At night too.",
        "",
        "It stays warm.",
        "",
        "**Red**",
        "",
        "Call us.",
        "",
        "| Part | Price |",
        "|---|---|",
        "| Bulb / small | 3 |",
        "",
        "Included.",
    ]


def test_a_long_page_is_cut_at_headings_into_parts_that_are_long_enough() -> None:
    text = "# One\n" + "a" * 2_000 + "\n## Two & three\n" + "b" * 600 + "\n# Four\n" + "c" * 2_600 + "\n# Five\nd"
    parts = list(cut(text))
    assert [name for name, _ in parts] == ["00-one.md", "01-four.md"]
    assert parts[0][1].endswith("b\n")


def test_a_package_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="has no package gnome-user-docs: fetch it with `apt-get download"):
        write_documents("gnome", tmp_path, tmp_path / "docs")


@pytest.mark.skipif(shutil.which("pandoc") is None, reason="pandoc is not installed")
def test_a_page_becomes_markdown_without_what_stands_around_its_text() -> None:
    text = b"<h1>Lamp</h1><p>It is <a href='x'>red</a> &amp; <span>hot</span>.</p>"
    page = b"<html><body><div class='navheader'>Next</div>" + text + b"</body></html>"
    assert markdown_of_page(page) == "# Lamp\n\nIt is red & hot.\n"


@pytest.mark.skipif(DPKG_DEB is None, reason="dpkg-deb is not installed")
def test_documents_come_out_of_a_package(tmp_path: Path) -> None:
    assert DPKG_DEB
    pages = tmp_path / "tree" / "usr/share/help/C/gnome-help"
    pages.mkdir(parents=True)
    (pages / "lamp.page").write_text(HELP.replace('<xi:include href="more.xml"/>', "<p>" + "Long. " * 30 + "</p>"))
    (pages / "short.page").write_text('<page xmlns="http://projectmallard.org/1.0/"><title>Short</title></page>')
    control = tmp_path / "tree" / "DEBIAN"
    control.mkdir()
    (control / "control").write_text(
        "Package: gnome-user-docs\nVersion: 1\nArchitecture: all\nMaintainer: A <a@b>\nDescription: a\n"
    )
    subprocess.run([DPKG_DEB, "-b", tmp_path / "tree", tmp_path / "gnome-user-docs_1_all.deb"], check=True)
    write_documents("gnome", tmp_path, tmp_path / "docs")
    assert [path.name for path in (tmp_path / "docs").iterdir()] == ["lamp.md"]


def test_every_manual_says_which_files_it_is_made_of() -> None:
    assert all(part.package and part.pattern for parts in MANUALS.values() for part in parts)
