"""The wheel is built once for all tests that install it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from filelock import FileLock

from deploy.release.wheel import build_wheel
from rag.models.exported import LoadedModel


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory, real_model: LoadedModel) -> Path:
    """The wheel, built from the sources as they are; none may change it."""
    one_of_all = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        one_of_all = one_of_all.parent
    with FileLock(one_of_all / "wheel.lock"):
        made = list((one_of_all / "dist").glob("*.whl"))
        return made[0] if made else build_wheel(one_of_all / "dist", real_model)
