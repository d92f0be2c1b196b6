"""The command that assistants on this machine start: the Model Context Protocol over standard streams."""

from __future__ import annotations

from rag.cli.console import DataDir, Model, opened
from rag.errors import InvalidSetting


def mcp(data_dir: DataDir = None, model: Model = None) -> None:
    """Serve the Model Context Protocol over standard input and output, for an assistant that starts this command."""
    try:
        from rag.mcp.stdio_server import serve_stdio  # here: other commands do without what it needs
    except ModuleNotFoundError as error:
        raise InvalidSetting(f"the package {error.name} is not installed: pip install 'citewell[mcp]'") from error
    with opened(data_dir, model=model) as citewell:
        serve_stdio(citewell)
