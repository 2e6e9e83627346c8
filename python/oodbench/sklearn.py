"""The scores as scikit-learn estimators; needs scikit-learn, `pip install oodbench[sklearn]`."""

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ._oodbench import Detector


class OODDetector(OutlierMixin, BaseEstimator):
    """A score of features as an outlier detector of scikit-learn.

    `fit(X, y)` learns from in-distribution features X and, where the score reads them, class labels y. `score_samples` gives the score, higher = more
    in-distribution as everywhere in scikit-learn (and unlike PyOD, whose scores are higher = more abnormal); `decision_function` is it minus `offset_`, `predict`
    is +1 where that is not negative, else -1.

    Parameters
    ----------
    method : str
        A score that reads features, such as "mahalanobis", "knn" or "ssd". (`score` is the name of a method in scikit-learn.)
    contamination : float in (0, 0.5]
        The share of the training rows that `predict` calls -1. It promises nothing of new rows: `oodbench.Detector.calibrate` does.
    parameters : dict, optional
        Parameters of the score, {"k": 10}.
    """

    def __init__(self, method="ssd", *, contamination=0.1, parameters=None):
        self.method = method
        self.contamination = contamination
        self.parameters = parameters

    def fit(self, X, y=None):
        if not 0 < self.contamination <= 0.5:
            raise ValueError(f"contamination: found {self.contamination}, expected a share above 0 and at most 0.5")
        X = validate_data(self, X, dtype=[np.float64, np.float32], ensure_min_samples=2)
        X = np.ascontiguousarray(X)
        labels = None
        if y is not None:
            self.classes_, labels = np.unique(np.asarray(y), return_inverse=True)
            labels = labels.reshape(-1).astype(np.int64)
            if len(labels) != len(X):
                raise ValueError(f"y: found {len(labels)} labels, expected {len(X)}, one per row of X")
        self.detector_ = Detector(self.method, **(self.parameters or {})).fit(features=X, labels=labels)
        self.offset_ = float(np.percentile(self.detector_.score_samples(features=X), 100.0 * self.contamination))
        return self

    def score_samples(self, X):
        """The score of every row, higher = more in-distribution."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        return self.detector_.score_samples(features=np.ascontiguousarray(X))

    def decision_function(self, X):
        """The score minus `offset_`: negative for rows that are called -1."""
        return self.score_samples(X) - self.offset_

    def predict(self, X):
        """+1 for in-distribution rows, -1 for others."""
        return np.where(self.decision_function(X) < 0, -1, 1)
