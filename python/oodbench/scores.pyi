from collections.abc import Callable
from typing import Any

from ._oodbench import Detector

def table() -> list[dict[str, Any]]: ...

# One for every score, made of the extension's list; `help(oodbench.scores.knn)` shows its parameters.
def __getattr__(name: str) -> Callable[..., Detector]: ...
