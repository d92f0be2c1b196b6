"""Articles as a scraper leaves them: with a photo credit, stutters, and bullets that repeat the body."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.support.places import DATA, ROOT


@dataclass(frozen=True)
class ScrapedArticle:
    """17 blocks with 21 sentences, the first three of them bullets, and what is peculiar in them."""

    path: Path
    credit: str
    price: str  # a sentence ends with it, and so do two others inside it if they are split wrongly
    questions: tuple[str, ...]


_MADE_UP = ScrapedArticle(
    DATA / "scraped" / "article.txt",
    "Agnes Palm | Harbour News | Picture Desk",
    "417.2 million crowns ($38.5 million).",
    (
        "Who said batteries would be a quite decisive question?",
        "Which fund offered to buy the yard of Brekke?",
        "Who took the photograph of Agnes Palm for Harbour News and the Picture Desk?",
        "What did the island of Lyngby announce last month?",
        "What does the town want to do about the crossing?",
    ),
)
# The first real input. It is not ours to publish, so it lies beside some checkouts only.
_REAL = ScrapedArticle(
    ROOT.parent / "shared" / "seeds" / "article.txt",
    "Angel Garcia | Bloomberg | Getty Images",
    "903.9 billion yen ($6.3 billion).",
    (
        "Who met the Japanese government on Monday?",
        "Which fund proposed to buy JSR?",
        "Who took the photograph of Angel Garcia for Bloomberg and Getty Images?",
        "What did the Netherlands announce last week?",
        "What does the EU seek to do about China?",
    ),
)
SCRAPED_ARTICLES = tuple(article for article in (_MADE_UP, _REAL) if article.path.exists())
