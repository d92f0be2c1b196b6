"""The commands that ask: for an answer, for one after the other, for the nearest passages."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from rag import render
from rag.cli.console import AsJson, DataDir, Model, opened, out, print_json
from rag.conversations import recent
from rag.errors import InvalidQuestion
from rag.records import Answer, AnswerStatus, Exchange, NoAnswerReason
from rag.shown import exchange_of

_REASONS = {
    NoAnswerReason.NOT_IN_DOCUMENTS: "The documents do not say.",
    NoAnswerReason.LOW_CONFIDENCE: "The documents may touch on this, but no sentence answers it clearly enough.",
    NoAnswerReason.NO_DOCUMENTS: 'There are no documents yet. Add some with "rag ingest PATH".',
    NoAnswerReason.NOT_A_QUESTION: "There is nothing in this that can be searched for. Ask with words.",
}


def ask(
    question: Annotated[str, typer.Argument(help="A question about the documents.")],
    data_dir: DataDir = None,
    model: Model = None,
    max_sentences: Annotated[int | None, typer.Option(help="At most this many sentences.")] = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question in sentences copied from the documents, or say that they do not answer it."""
    with opened(data_dir, model=model) as pipeline:
        answer = pipeline.ask(question, max_sentences=max_sentences)
    if as_json:
        print_json(render.answer_body(answer))
    else:
        _print_answer(answer)


def chat(data_dir: DataDir = None, model: Model = None) -> None:
    """Ask one question after the other, follow-ups among them. An empty line or Ctrl-D ends it; nothing is kept."""
    with opened(data_dir, model=model) as pipeline:
        history: list[Exchange] = []
        while question := _typed():
            try:
                answer = pipeline.ask(question, history=recent(history))
            except InvalidQuestion as error:
                out.print(Text(str(error), style="red"))
                continue
            if answer.stand_alone_question is not None:
                out.print(Text(f"Searching for: {answer.stand_alone_question}", style="italic"))
            _print_answer(answer)
            history.append(exchange_of(render.answer_body(answer)))


def _typed() -> str:
    """The next question; empty at the end."""
    try:
        return out.input("\n> ").strip()
    except EOFError:
        return ""


def search(
    question: Annotated[str, typer.Argument(help="What to look for.")],
    data_dir: DataDir = None,
    model: Model = None,
    k: Annotated[int, typer.Option("-k", help="How many passages, 1 to 100.")] = 10,
    as_json: AsJson = False,
) -> None:
    """List the passages nearest to a question, best first."""
    with opened(data_dir, model=model) as pipeline:
        hits = pipeline.search(question, k)
    if as_json:
        print_json({"passages": [render.hit_body(hit) for hit in hits]})
        return
    for number, hit in enumerate(hits, start=1):
        out.print(Text(f"{number}. {_heading(hit.chunk.source.title, hit.chunk.section)}", style="bold"))
        out.print(Text(f"   {' '.join(hit.chunk.text.split())}"))
    if not hits:
        out.print("Nothing found.")


def _print_answer(answer: Answer) -> None:
    """The sentences with their citations, or why there are none and what came nearest."""
    if answer.status is AnswerStatus.NO_ANSWER:
        out.print(Text(_REASONS[answer.reason] if answer.reason else "", style="bold"))
        for number, hit in enumerate(answer.passages[:3], start=1):
            if number == 1:
                out.print("\nNearest passages:")
            excerpt = " ".join(hit.chunk.text.split())
            out.print(Text(f"  {_heading(hit.chunk.source.title, hit.chunk.section)}: {excerpt[:200]}"))
        return
    for citation in answer.citations:
        out.print(Text(f"{citation.quote} [{citation.number}]", style="bold"))
    out.print()
    dates = {value.citation: value.dated for value in answer.disagreement.values} if answer.disagreement else {}
    if dates:
        order = ": newest first" if len(set(dates.values())) > 1 else ""
        out.print(f"The documents disagree{order}.")
    for citation in answer.citations:
        place = citation.place
        dated = f", {dates[citation.number][:10]}" if citation.number in dates else ""
        heading = _heading(place.source.title, place.section)
        out.print(Text(f"[{citation.number}] {heading}, {place.source.location}{dated}"))
        out.print(Text(f"    characters {place.span.start}-{place.span.end}, SHA-256 {place.text_sha256[:12]}..."))
        for other in citation.also_in:
            out.print(Text(f"    also stated in {_heading(other.source.title, other.section)}"))
    out.print(Text(f"Confidence: {answer.confidence.label} ({answer.confidence.value:.0%})"))


def _heading(title: str, section: str) -> str:
    """Title and section in one line; the section alone when it begins with the title."""
    return section if section.startswith(title) else f"{title} > {section}" if section else title
