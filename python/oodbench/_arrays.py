"""NumPy's view of the arrays of other libraries; called by the extension for what is no numpy.ndarray itself."""

import numpy as np

from ._oodbench import ArrayError


def view(name, array):
    """The same memory as a numpy.ndarray, and whether its 16-bit integers are the bits of bfloat16."""
    if isinstance(array, np.ma.MaskedArray):
        raise ArrayError(f"{name}: found a masked array, expected all rows; drop the masked ones, or pass {name}.filled(...)")
    if isinstance(array, np.ndarray):
        return np.asarray(array), False
    if hasattr(array, "__dlpack__"):
        return _of_dlpack(name, array)
    try:
        buffer = memoryview(array)
    except TypeError:
        kind = f"{type(array).__module__}.{type(array).__qualname__}".removeprefix("builtins.")
        raise TypeError(
            f"{name}: found {kind}, expected an array: numpy.ndarray, or anything with __dlpack__ or a buffer, such as torch.Tensor or jax.Array; "
            f"pass numpy.asarray({name}), or of a data frame {name}.to_numpy()"
        ) from None
    return np.asarray(buffer), False


def _of_dlpack(name, array):
    # Torch hands out no tensor that is part of a graph; the numbers are the same.
    if getattr(array, "requires_grad", False):
        array = array.detach()
    device = getattr(array, "device", None)
    if getattr(device, "type", "cpu") not in ("cpu", None):
        raise ArrayError(f"{name}: found a tensor on {device}, expected one in memory; pass {name}.cpu()")
    # NumPy has no bfloat16: torch can show the bits, JAX makes an array of ml_dtypes.
    if str(getattr(array, "dtype", "")) == "torch.bfloat16":
        import torch

        return np.from_dlpack(array.view(torch.int16)), True
    if str(getattr(array, "dtype", "")) == "bfloat16":
        return np.asarray(array), False
    try:
        return np.from_dlpack(array), False
    except (BufferError, RuntimeError) as error:
        raise ArrayError(f"{name}: {error}; pass an array in the memory of the CPU, such as numpy.asarray({name})") from error
