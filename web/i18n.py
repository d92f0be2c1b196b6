"""The texts of the interface in each language, and which one a request gets.

A language is four files in locales/: LANGUAGE.json for the component, LANGUAGE.pages.json for what is around it,
LANGUAGE.unanswered.json for the page of what was not answered, LANGUAGE.access.json for signing in and people.
Flat keys, {placeholders}, and for texts with a {count} a form for each plural category of the language by the rules of
the Unicode CLDR: key.one and key.other in English, in Polish key.few and key.many too. static/chat/language.js reads
the same files, and a browser has the same rules.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel import Locale
from babel.plural import PluralRule
from starlette.requests import Request

from rag.errors import InvalidSetting
from web.settings import WebSettings

_FOLDER = Path(__file__).parent / "locales"
_PLAIN = "en"  # for whoever reads none of the languages that there are


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language: `texts("count.pages", count=2)` is "2 pages"."""

    language: str  # ISO 639-1
    texts: dict[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """The text with its {placeholders} filled in. Raises KeyError for a key that there is no text for."""
        count = values.get("count")
        form = _plural_rule(self.language)(count) if isinstance(count, int) else "other"
        text = self.texts.get(key) or self.texts.get(f"{key}.{form}") or self.texts[f"{key}.other"]
        return re.sub(r"{(\w+)}", lambda found: self._shown(values[found[1]]), text)

    def _shown(self, value: object) -> str:
        """Whole numbers in groups of thousands."""
        return f"{value:,}".replace(",", self.texts["number.group"]) if isinstance(value, int) else str(value)

    @property
    def dir(self) -> str:
        """Which way the language is written: "ltr" or "rtl"."""
        return self.texts["language.dir"]

    @property
    def name(self) -> str:
        """The language's own name for itself."""
        return self.texts["language.name"]


@cache
def _plural_rule(language: str) -> PluralRule:
    return Locale(language).plural_form


@cache
def languages() -> dict[str, Texts]:
    """All languages that there are texts for."""
    names = sorted(file.name.partition(".")[0] for file in _FOLDER.glob("*.pages.json"))
    return {
        name: Texts(
            name,
            _read(f"{name}.json")
            | _read(f"{name}.pages.json")
            | _read(f"{name}.unanswered.json")
            | _read(f"{name}.access.json"),
        )
        for name in names
    }


def _read(name: str) -> dict[str, str]:
    texts: dict[str, str] = json.loads((_FOLDER / name).read_text(encoding="utf-8"))
    return texts


def check_language(settings: WebSettings) -> None:
    """Raise InvalidSetting for an interface language that there are no texts for."""
    if settings.interface_language and settings.interface_language not in languages():
        raise InvalidSetting(
            f"interface_language is {settings.interface_language!r}; there are texts for: {', '.join(languages())}."
        )


def chosen(request: Request) -> str:
    """The language that the address asks for, "" when it asks for none that there is."""
    asked = request.query_params.get("lang", "")
    return asked if asked in languages() else ""


def texts_for(request: Request) -> Texts:
    """The setting's language, else the address's, else the first of the browser's that there is, else English."""
    wanted = [request.app.state.settings.interface_language, chosen(request)]
    wanted += _accepted(request.headers.get("accept-language", ""))
    return next((languages()[language] for language in wanted if language in languages()), languages()[_PLAIN])


def _accepted(header: str) -> list[str]:
    """The languages of an Accept-Language header without their regions, the most wanted first.

    "de-AT,en;q=0.5" -> ["de", "en"]. What cannot be understood is left out.
    """
    found = re.findall(r"([A-Za-z]{2,3})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=(\d(?:\.\d*)?))?\s*(?:,|$)", header[:500])
    ranked = [(float(share or 1), language.lower()) for language, share in found]
    return [language for share, language in sorted(ranked, key=lambda pair: -pair[0]) if share > 0]
