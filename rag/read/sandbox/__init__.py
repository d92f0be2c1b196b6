"""Files are read in a process of their own: what a hostile file does to its reader, it does to nobody else.

The process has limits on memory and time, gets the bytes through a pipe and gives text back through another. It cannot
write files, start programs or reach the network; see `restrict`. One that is stopped is replaced by a fresh one.
"""

from rag.read.ocr.recognition import Recognition
from rag.read.sandbox.client import Limits, Parser

__all__ = ["Limits", "Parser", "Recognition"]
