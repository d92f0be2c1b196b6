"""The command for whoever writes the site's glossary."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer
from rich.text import Text

from rag.cli.console import AsJson, DataDir, opened, out, print_json
from rag.errors import InputError
from rag.insights.glossary_service import GlossaryCheck
from rag.insights.missing_words import MissingWord


class GlossaryAction(StrEnum):
    """What to do."""

    CHECK = "check"
    SUGGEST = "suggest"


def glossary(
    action: Annotated[GlossaryAction, typer.Argument(help="check: what is wrong with it; suggest: what is missing.")],
    data_dir: DataDir = None,
    days: Annotated[int, typer.Option(help="Suggest from questions of the last so many days, 1 to 366.")] = 90,
    as_json: AsJson = False,
) -> None:
    """Check the glossary (glossary.csv in the data directory), or list words that people ask with and no document has.

    A line has the documents' word and what people say instead, "statutory sickness payment,sick pay"; bars stand
    between several. Suggestions are made of the questions that were not answered, where their texts are kept.
    """
    with opened(data_dir) as citewell:
        if action is GlossaryAction.SUGGEST:
            # Without the setting all texts that are kept would be deleted when they are looked at.
            is_kept = citewell.settings.keep_questions_days > 0
            _print_words(citewell.glossary.missing_words(days) if is_kept else None, as_json=as_json)
            return
        found = citewell.glossary.check()
    if not found.exists:
        raise InputError(f'There is no glossary at {found.path}. Write one, with lines like "sick leave,off ill".')
    _print_check(found, as_json=as_json)
    if not all(finding.is_used for finding in found.findings):
        raise typer.Exit(1)


def _print_check(found: GlossaryCheck, *, as_json: bool) -> None:
    if as_json:
        findings = [asdict(finding) for finding in found.findings]
        print_json({"path": str(found.path), "entries": found.entries, "findings": findings})
        return
    for finding in found.findings:
        kept = "" if finding.is_used else " (not used)"
        out.print(Text(f"line {finding.line} {finding.problem}{kept}"))
    lines = "1 line is" if found.entries == 1 else f"{found.entries:,} lines are"
    out.print(Text(f"{lines} in use, from {found.path}"))


def _print_words(words: list[MissingWord] | None, *, as_json: bool) -> None:
    """The words; None where the settings keep no texts of questions."""
    if as_json:
        print_json({"words": [asdict(word) for word in words or ()]})
        return
    if words is None:
        out.print("No texts of questions are kept. Set CITEWELL_KEEP_QUESTIONS_DAYS=90, here and for the server.")
        return
    for word in words:
        near = f"; near it: {', '.join(word.nearest)}" if word.nearest else ""
        out.print(Text(f"{word.word} (asked {word.asked} times){near}"))
        out.print(Text(f"    {word.questions[0]}"))
    out.print(
        'Where the documents call it something else, add a line to the glossary: "their word,what people say".'
        if words
        else "Every word of the open questions stands in some document, or in the glossary."
    )
