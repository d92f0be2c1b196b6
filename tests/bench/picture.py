"""What the benchmark's pictures have in common: an SVG with its title and colours for light and dark pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

# Colours of their own for light and dark: a picture in a page does not see the page's.
_COLOURS = {
    "back": ("#ffffff", "#14171a"),
    "ink": ("#1b1f24", "#e8eaed"),
    "soft": ("#5b6470", "#a3abb5"),
    "grid": ("#dfe3e8", "#333940"),
}
_STYLE = """  text { font: 13px system-ui, sans-serif; fill: var(--ink); }
  .title { font-weight: 600; font-size: 15px; }
  .soft { fill: var(--soft); font-size: 12px; }
  .grid { stroke: var(--grid); }"""


def picture(
    body: Iterable[str], *, width: int, height: int, title: str, colours: Mapping[str, tuple[str, str]], style: str
) -> str:
    """The whole SVG around `body`. `colours` are those of its marks, each for light and dark; `style` is added."""
    known = {**_COLOURS, **colours}
    light, dark = (" ".join(f"--{name}: {pair[place]};" for name, pair in known.items()) for place in (0, 1))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
            f' height="{height}" role="img" aria-label="{escape(title)}">',
            "<style>",
            f"  svg {{ {light} }}",
            f"  @media (prefers-color-scheme: dark) {{ svg {{ {dark} }} }}",
            _STYLE,
            f"{style}</style>",
            f'<rect width="{width}" height="{height}" fill="var(--back)"/>',
            *body,
            "</svg>\n",
        ]
    )
