"""The commands that measure answers, and fit the threshold to what they measure."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from rag.app import Citewell
from rag.cli.console import AsJson, DataDir, Model, bar, err, make_settings, open_citewell, opened, out, print_json, say
from rag.cli.desk_tables import print_desk
from rag.evaluate.calibrate import Fitted, Shown, check_limit, fit_threshold, threshold_body
from rag.evaluate.cases import Outcome, read_cases
from rag.evaluate.desk import read_collections
from rag.evaluate.desk_figures import summarise_desk
from rag.evaluate.desk_run import run_collections
from rag.evaluate.report import check_writable, render_desk, render_report, write_file
from rag.evaluate.run import evaluate_file, evaluate_squad, run
from rag.evaluate.votes import outcomes_of_votes
from rag.render import to_json
from rag.settings import Settings


def evaluate(
    questions: Annotated[
        list[Path] | None,
        typer.Argument(help='JSON Lines: "question", "answers" (none: unanswerable), "sentence". Or the desk folders.'),
    ] = None,
    desk: Annotated[
        bool, typer.Option("--desk", help="Folders, each with docs/, which are indexed apart, and questions.jsonl.")
    ] = False,
    squad: Annotated[
        Path | None, typer.Option(help="A SQuAD file: its paragraphs are indexed apart, its questions asked of all.")
    ] = None,
    given: Annotated[bool, typer.Option("--given", help="Ask each SQuAD question of its own paragraph alone.")] = False,
    sample: Annotated[int | None, typer.Option(help="Ask this many of the SQuAD questions, always the same.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a page with plots and the worst cases here.")] = None,
    figures: Annotated[Path | None, typer.Option(help="Write all figures here, as JSON.")] = None,
    data_dir: DataDir = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Measure answers against a file of questions."""
    paths = questions or []
    if bool(paths) == (squad is not None) or not (desk or len(paths) <= 1) or (desk and not paths):
        raise typer.BadParameter("Give one of: a JSON Lines file of questions, --squad FILE, --desk FOLDER...")
    if squad is None and (given or sample is not None):
        raise typer.BadParameter("--given and --sample go with --squad.")
    for path in (report, figures):
        if path is not None:
            check_writable(path)
    settings = make_settings(data_dir, model=model)

    def open_apart(apart: Settings) -> Citewell:
        return open_citewell(apart, create=True, models=settings.data_dir / "models")

    with bar("Indexing") as indexing, bar("Asking") as asking:
        if desk:
            collections = read_collections(paths)
            found = summarise_desk(
                run_collections(collections, settings, open_apart, indexing=indexing, progress=asking)
            )
        elif squad is not None:
            found = evaluate_squad(
                squad, settings, open_apart, sample=sample, given=given, indexing=indexing, progress=asking
            )
        else:
            with open_citewell(settings) as citewell:
                found = evaluate_file(citewell, paths[0], progress=asking)
    if report is not None:
        title = ", ".join(map(str, paths)) or str(squad)
        write_file(report, (render_desk if desk else render_report)(found, title=title, when=datetime.now(UTC)))
        say(f"Report: {report}")
    if figures is not None:
        write_file(figures, to_json(found) + "\n")
        say(f"Figures: {figures}")
    if as_json:
        print_json(found)
    elif desk:
        print_desk(found)
    else:
        _print_figures(found)


def calibrate(
    questions: Annotated[
        Path | None, typer.Argument(help='JSON Lines: "question", "answers" (none: unanswerable), "sentence".')
    ] = None,
    votes: Annotated[
        int | None, typer.Option(help="Days, from 1, whose votes on answers count as questions too.", metavar="DAYS")
    ] = None,
    max_wrong: Annotated[float, typer.Option(help="Share of wrong answers allowed among those shown, 0 to 1.")] = 0.05,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print; store nothing.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Print the threshold that is stored.")] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Forget it: the one that comes with the program holds.")
    ] = False,
    data_dir: DataDir = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Fit how sure an answer must be to be shown, to your own questions."""
    is_fitting = questions is not None or votes is not None
    if is_fitting + show + reset != 1:
        raise typer.BadParameter("Give one of: a JSON Lines file of questions or --votes, or both; --show; --reset.")
    check_limit(max_wrong)
    with opened(data_dir, model=model) as citewell:
        if is_fitting:
            voted = [] if votes is None else outcomes_of_votes(citewell.insights.voted_on(votes))
            fitted = fit_threshold([*_asked(citewell, questions), *voted], max_wrong)
            if not dry_run:
                best = fitted.chosen
                citewell.maintenance.set_threshold(
                    best.threshold,
                    max_wrong=max_wrong,
                    questions=best.questions,
                    answered=best.answered,
                    wrong=best.wrong,
                    possible=fitted.possible.threshold,
                )
            print_json(threshold_body(fitted, stored=not dry_run)) if as_json else _print_fitted(fitted, len(voted))
        elif reset:
            citewell.maintenance.forget_threshold()
        if not as_json and not dry_run:
            stored = next(
                (c.detail for c in citewell.maintenance.check_threshold()), "that of the program; none is fitted"
            )
            out.print(Text(f"Threshold in the index: {stored}"))
        elif as_json and not is_fitting:
            found = citewell.maintenance.threshold()
            print_json({"threshold": None if found is None else asdict(found)})


def _asked(citewell: Citewell, questions: Path | None) -> list[Outcome]:
    """What becomes of the questions of a file, if there is one."""
    if questions is None:
        return []
    with bar("Asking") as asking:
        return run(citewell, read_cases(questions), progress=asking)


def _print_figures(figures: dict[str, Any]) -> None:
    """The figures, by question word too, and the trade between answering and being wrong. The rest is in the report."""
    for name, value in figures.items():
        if not isinstance(value, list | dict):
            out.print(f"{name:<26} {value}")
    out.print(f"{'latency_ms':<26} " + ", ".join(f"{k} {v}" for k, v in figures["latency_ms"].items()))
    words = Table(box=None, title="By question word", title_justify="left")
    for column in ("", *next(iter(figures["by_question_word"].values()))):
        words.add_column(column, justify="right" if column else "left")
    for word, row in figures["by_question_word"].items():
        words.add_row(word, *("-" if value is None else f"{value:g}" for value in row.values()))
    out.print(words)
    table = Table(box=None, title="If only answers of at least this confidence are shown", title_justify="left")
    for column in figures["trade"][0]:
        table.add_column(column, justify="right")
    for row in figures["trade"]:
        table.add_row(*("-" if value is None else f"{value:.3f}" for value in row.values()))
    out.print(table)


def _print_fitted(fitted: Fitted, voted: int) -> None:
    """What was chosen, how sure that is, and the trade as a table; `voted` questions are known by votes."""
    chosen, unseen = fitted.chosen, fitted.unseen
    out.print(f"{chosen.questions} questions, {fitted.answerable} of them with an answer.")
    if voted:
        out.print(f"{voted} of them with votes: only what was shown can be voted on, so these say nothing of the rest.")
    out.print(f"Shown from a confidence of {chosen.threshold:.4f}: {_share_of(chosen)}.")
    out.print(f"The same choice, on questions left out of it: {_share_of(unseen)}.")
    out.print(
        f"Below that, from {fitted.possible.threshold:.4f} on, quotes are shown that may answer: to "
        f"{fitted.possible.answered} more, and to {fitted.possible.wrong} of these none is right."
    )
    if unseen.interval[1] > fitted.max_wrong:
        err.print(
            f"warning: so few questions cannot show that at most {fitted.max_wrong:.0%} are wrong; more would.",
            style="yellow",
        )
    if fitted.answerable == chosen.questions:
        err.print("warning: all of them have an answer; what is asked in vain was not tried.", style="yellow")
    table = Table(box=None)
    for column in ("confidence", "answered", "wrong of these", "95% interval"):
        table.add_column(column, justify="right")
    for row in fitted.table:
        mark = " <" if row.threshold == chosen.threshold else "  "
        error = "-" if row.error is None else f"{row.error:.3f}"
        low, high = row.interval
        table.add_row(f"{row.threshold:.4f}{mark}", f"{row.coverage:.3f}", error, f"{low:.3f}-{high:.3f}")
    out.print(table)


def _share_of(shown: Shown) -> str:
    """How much is answered, and how much of that wrongly, in words."""
    if not shown.answered:
        return "none of them is answered"
    low, high = shown.interval
    return (
        f"{shown.coverage:.0%} of them answered, {shown.wrong} of these {shown.answered} wrongly "
        f"(95% interval {low:.1%} to {high:.1%})"
    )
