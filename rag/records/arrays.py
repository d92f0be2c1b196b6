"""The types of the arrays that pass from one part of the library to another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatVector = npt.NDArray[np.float32]  # shape (dimension,)
FloatMatrix = npt.NDArray[np.float32]  # shape (n, dimension)
IntVector = npt.NDArray[np.int64]  # shape (n,)
