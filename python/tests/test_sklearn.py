"""The estimator of scikit-learn."""

import numpy as np
import pytest

pytest.importorskip("sklearn", minversion="1.6")
from sklearn.base import clone
from sklearn.datasets import make_blobs
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from oodbench.sklearn import OODDetector

# Checks of scikit-learn that do not apply, with the reason.
DO_NOT_APPLY = {
    "knn": {},
    "ssd": {"check_fit2d_1feature": "rows are divided by their norm, so one feature does not vary, which is refused in other words"},
}


@pytest.mark.parametrize("detector", [OODDetector("knn", parameters={"k": 5}), OODDetector("ssd")], ids=["knn", "ssd"])
def test_scikit_learns_own_checks(detector):
    check_estimator(detector, expected_failed_checks=DO_NOT_APPLY[detector.method])


def test_in_a_pipeline():
    features, labels = make_blobs(500, 8, centers=4, random_state=0)
    detector = make_pipeline(StandardScaler(), OODDetector("mahalanobis", contamination=0.05))
    detector.fit(features, labels)
    assert (detector.predict(features) == -1).mean() == pytest.approx(0.05, abs=0.01)
    assert (detector.predict(features + 100) == -1).all()
    assert clone(OODDetector("knn", parameters={"k": 3})).get_params()["parameters"] == {"k": 3}
    with pytest.raises(ValueError, match="contamination"):
        OODDetector(contamination=0).fit(features)
    assert np.isfinite(detector[-1].offset_)
