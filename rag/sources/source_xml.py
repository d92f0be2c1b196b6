"""XML from a source, as a tree: without document types, entities, and anything that is fetched."""

from __future__ import annotations

from contextlib import suppress
from xml.parsers import expat

from lxml import etree

from rag.errors import FetchFailed


def parse_source_xml(data: bytes, expected: str) -> etree._Element:
    """The root of the tree. `expected` names what it was to be.

    Raises FetchFailed for what is no XML, and for XML that declares a document type.
    """
    _refuse_document_type(data, expected)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError, LookupError) as error:
        raise FetchFailed(f"the answer is no XML ({error}); {expected} was expected") from error
    if root is None or root.getroottree().docinfo.internalDTD is not None:
        raise _document_type(expected)
    return root


class _Enough(Exception):
    """The first element has come: what may declare something lies behind."""


def _refuse_document_type(data: bytes, expected: str) -> None:
    """Raise FetchFailed at the first sign of a document type, before anything that it declares is looked at."""

    def refuse(*_: object) -> None:
        raise _document_type(expected)

    def stop(*_: object) -> None:
        raise _Enough

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = stop
    # What expat cannot read, in an encoding that it does not know for one, the other parser says something about.
    with suppress(_Enough, expat.ExpatError, LookupError, ValueError):
        parser.Parse(data, True)


def _document_type(expected: str) -> FetchFailed:
    return FetchFailed(f"the answer declares a document type, which is not read; {expected} without one was expected")
