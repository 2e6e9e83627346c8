"""All scores, one function each: `oodbench.scores.knn(k=10)` makes a `Detector`, `help(oodbench.scores.knn)` shows the score's page.

`dir(oodbench.scores)` lists them; `oodbench.scores.table()` says of each what it reads, as dictionaries for a data frame.
"""

import inspect as _inspect
import keyword as _keyword

from ._oodbench import Detector as _Detector
from ._oodbench import scores as _scores


def table():
    """Of every score its id, title, aliases, reference, what it reads and its parameters."""
    return [{key: value for key, value in score.items() if key != "page"} for score in _scores()]


def _function(score):
    name = score["id"]

    def make(**parameters):
        return _Detector(name, **parameters)

    own_names = [name + "_" if _keyword.iskeyword(name) else name for name, *_ in score["parameters"]]
    described = [(own, default, help_) for own, (_, default, help_) in zip(own_names, score["parameters"], strict=True)]
    kind = _inspect.Parameter.KEYWORD_ONLY
    parameters = [_inspect.Parameter(own, kind, default=default) for own, default, _ in described]
    lines = [f"    {own}: {help_} [default: {default or 'none'}]" for own, default, help_ in described]
    keywords = "\n\nKeywords of this function:\n\n" + "\n".join(lines) if lines else ""
    make.__name__ = make.__qualname__ = name
    make.__module__ = __name__
    make.__signature__ = _inspect.Signature(parameters, return_annotation=_Detector)
    reads = ", ".join(score["needs"])
    make.__doc__ = f"{score['title']}, a detector of it.\n\nReads {reads}. Higher = more in-distribution.{keywords}\n\n{score['page']}"
    return make


__all__ = ["table"]
for _score in _scores():
    globals()[_score["id"]] = _function(_score)
    __all__.append(_score["id"])
del _score
