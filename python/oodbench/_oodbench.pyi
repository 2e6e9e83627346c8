# The extension. What each does is said by its own documentation, `help(oodbench.Detector)`.
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, Protocol, TypeAlias, TypedDict, final

import numpy as np
from numpy.typing import NDArray

class _SupportsDLPack(Protocol):
    def __dlpack__(self, *, stream: Any = ...) -> Any: ...
    def __dlpack_device__(self) -> tuple[int, int]: ...

class _Layer(Protocol):
    @property
    def weight(self) -> Any: ...
    @property
    def bias(self) -> Any: ...

class _Prototypes(TypedDict, total=False):
    prototypes: _Array
    distance_scale: float | None

class _Rows(TypedDict, total=False):
    logits: _Array
    features: _Array
    labels: _Array
    layers: Mapping[str, _Array]

_Array: TypeAlias = NDArray[Any] | _SupportsDLPack | memoryview
_Head: TypeAlias = tuple[_Array, _Array | None] | _Layer | _Prototypes
_Path: TypeAlias = str | PathLike[str]
_Parameters: TypeAlias = Mapping[str, str | float | bool]

class OodbenchError(ValueError): ...
class UnknownScoreError(OodbenchError): ...
class ParameterError(OodbenchError): ...
class MissingInputError(OodbenchError): ...
class ArrayError(OodbenchError): ...
class NotFittedError(OodbenchError): ...
class FitError(OodbenchError): ...
class TooFewRowsError(OodbenchError): ...

@final
class Detector:
    def __new__(cls, score: str, /, **parameters: str | float | bool | None) -> Detector: ...
    def fit(
        self,
        *,
        logits: _Array | None = None,
        features: _Array | None = None,
        labels: _Array | None = None,
        layers: Mapping[str, _Array] | None = None,
        head: _Head | None = None,
        val: _Rows | None = None,
        val_ood: Mapping[str, _Rows] | None = None,
        run: str | None = None,
    ) -> Detector: ...
    def score_samples(
        self, *, logits: _Array | None = None, features: _Array | None = None, layers: Mapping[str, _Array] | None = None
    ) -> NDArray[np.float64]: ...
    def calibrate(
        self,
        *,
        logits: _Array | None = None,
        features: _Array | None = None,
        labels: _Array | None = None,
        layers: Mapping[str, _Array] | None = None,
        false_alarms: float | None = None,
        confidence: float | None = None,
        tpr: float | None = None,
        wrong_answers: float | None = None,
        empirical: bool = False,
        per_class: bool = False,
    ) -> Detector: ...
    def predict(
        self, *, logits: _Array | None = None, features: _Array | None = None, layers: Mapping[str, _Array] | None = None
    ) -> NDArray[np.int64]: ...
    def decide(
        self,
        *,
        logits: _Array | None = None,
        features: _Array | None = None,
        layers: Mapping[str, _Array] | None = None,
        on_nan: Literal["refuse", "flag"] = "refuse",
    ) -> dict[str, NDArray[Any]]: ...
    def save(self, path: _Path) -> None: ...
    @staticmethod
    def load(path: _Path, *, head: _Head | None = None) -> Detector: ...
    @property
    def score(self) -> str: ...
    @property
    def parameters(self) -> dict[str, str]: ...
    @property
    def thresholds(self) -> list[float] | None: ...
    @property
    def promise(self) -> str | None: ...
    @property
    def notes(self) -> list[str]: ...
    @property
    def warnings(self) -> list[str]: ...

@final
class Metrics:
    def __new__(cls) -> Metrics: ...
    def update(self, scores: _Array, is_ood: _Array | bool, *, correct: _Array | None = None) -> None: ...
    def merge(self, other: Metrics) -> None: ...
    def compute(self, procedure: str = "lee") -> dict[str, float]: ...
    def reset(self) -> None: ...
    def __len__(self) -> int: ...

@final
class Records:
    @property
    def warnings(self) -> list[str]: ...
    @property
    def notes(self) -> list[str]: ...
    def rows(self) -> list[dict[str, Any]]: ...
    def text(self, format: Literal["json", "csv"]) -> str: ...
    def write(self, path: _Path) -> None: ...
    def __len__(self) -> int: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

class Run:
    def __new__(
        cls,
        name: str = "run",
        *,
        model: str | None = None,
        loss: str | None = None,
        in_distribution: str | None = None,
        seed: int | None = None,
        head: _Head | None = None,
        note: str | None = None,
    ) -> Run: ...
    def add(
        self,
        split: str,
        *,
        logits: _Array | None = None,
        features: _Array | None = None,
        labels: _Array | None = None,
        layers: Mapping[str, _Array] | None = None,
        scores: Mapping[str, _Array] | None = None,
        copy: bool = True,
    ) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def splits(self) -> dict[str, int]: ...
    def __getitem__(self, key: str, /) -> dict[str, NDArray[Any]]: ...
    def write(self, path: _Path, *, replace: bool = False) -> None: ...

def score(
    *,
    scores: str | Sequence[str],
    logits: _Array | None = None,
    features: _Array | None = None,
    layers: Mapping[str, _Array] | None = None,
    head: _Head | None = None,
    train: _Rows | None = None,
    val: _Rows | None = None,
    val_ood: Mapping[str, _Rows] | None = None,
    parameters: _Parameters | None = None,
) -> dict[str, NDArray[np.float64]]: ...
def metrics(id: _Array, ood: _Array, procedure: str = "lee", *, correct: _Array | None = None) -> dict[str, float]: ...
def evaluate(
    runs: Run | Iterable[Run],
    *,
    scores: str | Sequence[str] | None = None,
    parameters: _Parameters | None = None,
    procedures: Sequence[str] | None = None,
    bootstrap: int | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Records: ...
def compare(
    runs: Run | Iterable[Run], *, scores: str | Sequence[str] | None = None, parameters: _Parameters | None = None
) -> tuple[str, str]: ...
def report(
    runs: Run | Iterable[Run],
    out: _Path,
    *,
    scores: str | Sequence[str] | None = None,
    parameters: _Parameters | None = None,
    procedures: Sequence[str] | None = None,
    bootstrap: int | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> str: ...
def read_dump(path: _Path) -> Run: ...
def read_records(*paths: _Path) -> Records: ...
def scores() -> list[dict[str, Any]]: ...
def procedures() -> list[dict[str, Any]]: ...
def get_num_threads() -> int: ...
def set_num_threads(threads: int) -> None: ...
def after_fork() -> None: ...
def version() -> str: ...
def main(arguments: Sequence[str]) -> int: ...
