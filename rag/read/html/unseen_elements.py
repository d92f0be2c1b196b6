"""Words of a web page that its readers do not see: they are read like all others, and told of.

Found are elements that the attribute `hidden`, a style of their own or a plain rule of the page's own style sheet
hides: not displayed, invisible, transparent, tiny, or moved off the screen; and white words where the page sets no
background. Style sheets in other files, and scripts, are not looked at, so not all of it is found. Nothing is left out
for it: pages hide what a click shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

_TINY_PIXELS = 2.0
_FAR_PIXELS = 500.0
_MAX_STYLES = 200_000  # characters of the page's own style sheets that are looked at
_MAX_RULES = 200
_SHOWN_CHARACTERS = 60
_IN_PIXELS = {"px": 1.0, "pt": 4 / 3, "em": 16.0, "rem": 16.0, "": 1.0}
_LENGTH = re.compile(r"(-?[\d.]{1,12})\s*(px|pt|em|rem|)")
_PART_OF_SHEET = re.compile(r"[^{}]+|[{}]")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
# A tag, a class or an id, or a tag with one of them: what can be looked up without knowing all of CSS.
_SELECTOR = re.compile(r"([a-z][a-z0-9]*)?(?:([.#])([\w-]+))?", re.IGNORECASE)
_WHITE = re.compile(r"white|#fff(?:f|fff|fffff)?|rgba?\(\s*255\s*,\s*255\s*,\s*255\s*(?:,[^)]*)?\)|transparent")
_SKIPPED = frozenset(("script", "style", "template", "noscript", "head", "title", "meta", "link", "base"))


def unseen_warning(page: etree._Element, read: str) -> tuple[str, ...]:
    """A warning where `read`, the text taken from the page, has words in it that nobody sees."""
    words = "".join(read.split())
    for text in _unseen_texts(page):
        if "".join(text.split())[:_SHOWN_CHARACTERS] in words:
            shown = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS].rstrip() + "…"
            return (f"it holds text that is not shown, which was read too, such as “{shown}”",)
    return ()


def _unseen_texts(page: etree._Element) -> Iterator[str]:
    """The texts of the outermost elements that are hidden, one line each, in document order."""
    has_background = "background" in etree.tostring(page, encoding="unicode")[:_MAX_STYLES]
    hiding = _hidden_by_rules(page, has_background=has_background)
    inside: etree._Element | None = None
    for event, element in etree.iterwalk(page, events=("start", "end")):
        if event == "end":
            inside = None if element is inside else inside
        elif inside is None and isinstance(element.tag, str) and element.tag not in _SKIPPED:
            style = element.get("style", "")
            attribute = element.get("hidden") not in (None, "until-found")
            if attribute or element in hiding or (style and _hides(style, has_background=has_background)):
                inside = element
                if text := " ".join("".join(element.itertext()).split()):
                    yield text


def _hidden_by_rules(page: etree._Element, *, has_background: bool) -> set[etree._Element]:
    """The elements that a plain selector of the page's own style sheets hides."""
    found: set[etree._Element] = set()
    rules = 0
    for sheet in page.iter("style"):
        text = _COMMENT.sub("", "".join(sheet.itertext())[:_MAX_STYLES])
        for selectors, declarations in _rules(text):
            if not _hides(declarations, has_background=has_background):
                continue
            for selector in selectors.split(","):
                rules += 1
                if rules > _MAX_RULES:
                    return found
                found.update(_matching(page, selector.strip()))
    return found


def _rules(sheet: str) -> Iterator[tuple[str, str]]:
    """Selectors and declarations of the rules of a style sheet, but for those that hold for something else only."""
    around: list[str] = []
    words = ""
    for part in _PART_OF_SHEET.findall(sheet):
        if part == "{":
            around.append(words)
        elif part == "}" and around:
            selectors = around.pop()
            if words and not any(outer.lstrip().startswith("@") and "screen" not in outer for outer in around):
                yield selectors, words
        words = part if part not in "{}" else ""


def _matching(page: etree._Element, selector: str) -> list[etree._Element]:
    parts = _SELECTOR.fullmatch(selector)
    if not selector or parts is None:
        return []
    tag, kind, name = parts.groups()
    if kind == "#":
        return list(page.xpath("//*[@id=$name]", name=name))
    if kind == ".":
        by_class = "//*[contains(concat(' ', normalize-space(@class), ' '), concat(' ', $name, ' '))]"
        return [found for found in page.xpath(by_class, name=name) if not tag or found.tag == tag.lower()]
    return list(page.iter(tag.lower()))


def _hides(declarations: str, *, has_background: bool) -> bool:
    """Whether declarations ("display: none; color: red") keep words from being seen."""
    style: dict[str, str] = {}
    for declaration in declarations[:_MAX_STYLES].split(";"):
        name, _, value = declaration.partition(":")
        style[name.strip().lower()] = value.replace("!important", "").strip().lower()
    is_moved = style.get("position") in ("absolute", "fixed")
    return (
        style.get("display") == "none"
        or style.get("visibility") in ("hidden", "collapse")
        or _pixels(style.get("opacity", "1")) < 0.05
        or _pixels(style.get("font-size", "16px")) <= _TINY_PIXELS
        or _pixels(style.get("text-indent", "0")) <= -_FAR_PIXELS
        or (is_moved and any(_pixels(style.get(side, "0")) <= -_FAR_PIXELS for side in ("left", "top", "right")))
        or (not has_background and _WHITE.fullmatch(style.get("color", "")) is not None)
    )


def _pixels(value: str) -> float:
    """A length in pixels; what is none, a percentage for one, counts as an ordinary one."""
    found = _LENGTH.fullmatch(value)
    try:
        return float(found[1]) * _IN_PIXELS[found[2]] if found else 16.0
    except ValueError:
        return 16.0
