"""Comparisons of scores."""

import json

from ._oodbench import compare as _compare


class Comparison(list):
    """A dictionary per score and OOD set; `str` of it is the table that `oodbench compare` prints."""

    def __init__(self, rows, text):
        super().__init__(rows)
        self._text = text

    def __str__(self):
        return self._text


def compare(runs, *, scores=None, parameters=None):
    """Which scores may be the best of a run on an OOD set, were other rows drawn, as `oodbench compare` tells.

    Of every score its AUROC with standard error, DeLong's test of the difference to the best one, and a verdict that holds for all scores together.
    """
    rows, text = _compare(runs, scores=scores, parameters=parameters)
    return Comparison(json.loads(rows), text)
