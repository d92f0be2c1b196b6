"""Words of a Word document that its readers do not see: white on white, or tiny. They are read, and told of."""

from __future__ import annotations

from lxml import etree

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_WHITE = "FFFFFF"
_TINY_HALF_POINTS = 4
_SHOWN_CHARACTERS = 60


def unseen_warning(body: etree._Element) -> tuple[str, ...]:
    """A warning where runs of the body have words that nobody sees, by what the runs say themselves."""
    words = "".join("".join(run.itertext(f"{_W}t")) for run in body.iter(f"{_W}r") if _is_unseen(run))
    text = " ".join(words.split())
    if not text:
        return ()
    shown = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS].rstrip() + "…"
    return (f"it holds text that is not shown, which was read too, such as “{shown}”",)


def _is_unseen(run: etree._Element) -> bool:
    properties = run.find(f"{_W}rPr")
    if properties is None or properties.find(f"{_W}vanish") is not None:  # which is left out
        return False
    size = _value(properties, "sz")
    if size.isdecimal() and int(size) <= _TINY_HALF_POINTS:
        return True
    return _value(properties, "color").upper() == _WHITE and not _is_on_colour(run, properties)


def _is_on_colour(run: etree._Element, properties: etree._Element) -> bool:
    """Whether something colours what is behind the run, or may: a table's style is not looked at, nor a text box."""
    if properties.find(f"{_W}highlight") is not None or _is_shaded(properties):
        return True
    for above in run.iterancestors():
        name = str(above.tag).removeprefix(_W)
        if name == "txbxContent" or (name in ("p", "tc", "tbl") and _is_shaded(above.find(f"{above.tag}Pr"))):
            return True
        if name == "tbl" and above.find(f"{_W}tblPr/{_W}tblStyle") is not None:
            return True
    return False


def _is_shaded(properties: etree._Element | None) -> bool:
    shading = None if properties is None else properties.find(f"{_W}shd")
    return shading is not None and shading.get(f"{_W}fill", "auto").upper() not in ("AUTO", _WHITE)


def _value(properties: etree._Element, name: str) -> str:
    found = properties.find(_W + name)
    return "" if found is None else str(found.get(f"{_W}val", ""))
