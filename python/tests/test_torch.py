"""Tensors, and pytorch-ood's scores where it means the same by them: the negative, as it has higher = more out-of-distribution.

What a tensor may be is first tested by a stand-in, where torch is not installed.
"""

import numpy as np
import pytest
from conftest import bits

import oodbench


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(6)
    weight, bias = rng.normal(size=(4, 16)).astype(np.float32), rng.normal(size=4).astype(np.float32)
    labels = rng.integers(0, 4, 600)
    train = (rng.normal(size=(600, 16)) + weight[labels]).astype(np.float32)
    new = rng.normal(size=(200, 16)).astype(np.float32)
    return {"weight": weight, "bias": bias, "labels": labels, "train": train, "new": new}


def energy(logits):
    return oodbench.score(scores="energy", logits=logits)["energy"]


class Tensor:
    """As much of torch.Tensor as is looked at."""

    def __init__(self, array, requires_grad=False, device="cpu"):
        self.array, self.requires_grad, self.device = array, requires_grad, type("device", (), {"type": device, "__str__": lambda _: f"{device}:0"})()

    def detach(self):
        return Tensor(self.array)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()

    def __dlpack__(self, **options):
        if self.requires_grad:
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        return self.array.__dlpack__(**options)


def test_a_tensor_is_read_where_it_lies_and_detached(rows):
    expected = bits(energy(rows["new"]))
    assert bits(energy(Tensor(rows["new"]))) == expected
    assert bits(energy(Tensor(rows["new"], requires_grad=True))) == expected


def test_tensors_that_cannot_be_read_say_what_to_pass(rows):
    with pytest.raises(oodbench.ArrayError, match=r"logits: found a tensor on cuda:0, expected one in memory; pass logits.cpu\(\)"):
        energy(Tensor(rows["new"], device="cuda"))
    with pytest.raises(oodbench.ArrayError, match=r"logits: found strides .* pass numpy.ascontiguousarray\(logits\)"):
        energy(Tensor(rows["new"][::2]))


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="torch is not installed")


@pytest.fixture
def detectors(torch):
    return pytest.importorskip("pytorch_ood.detector", reason="pytorch-ood is not installed")


def test_tensors_of_every_float_type(torch, rows):
    tensor = torch.from_numpy(rows["new"])
    expected = bits(energy(rows["new"]))
    for same in [tensor, tensor.double(), tensor.clone().requires_grad_(), tensor.T.contiguous().T]:
        assert bits(energy(same)) == expected
    for half in [tensor.half(), tensor.bfloat16(), tensor.bfloat16().requires_grad_()]:
        assert bits(energy(half)) == bits(energy(half.detach().float()))
    with pytest.raises(oodbench.ArrayError, match="logits: found strides"):
        energy(tensor[::2])
    # What torch changes is not seen by what was scored before.
    assert np.array_equal(tensor.numpy(), rows["new"])


def test_scores_of_logits_are_those_of_pytorch_ood(torch, detectors, rows):
    tensor = torch.from_numpy(rows["new"])
    found = oodbench.score(scores=["energy", "mps", "max_logit"], logits=rows["new"])
    for name, theirs in [("energy", detectors.EnergyBased), ("mps", detectors.MaxSoftmax), ("max_logit", detectors.MaxLogit)]:
        assert np.allclose(found[name], -theirs.score(tensor).numpy(), atol=1e-5), name


def test_mahalanobis_is_that_of_pytorch_ood(torch, detectors, rows):
    theirs = detectors.Mahalanobis(None).fit_features(torch.from_numpy(rows["train"]), torch.from_numpy(rows["labels"]))
    own = oodbench.Detector("mahalanobis", variant="pytorch_ood").fit(features=rows["train"], labels=rows["labels"])
    expected = -theirs.predict_features(torch.from_numpy(rows["new"])).numpy()
    assert np.allclose(own.score_samples(features=rows["new"]), expected, rtol=1e-3)


def test_nearest_neighbours_are_those_of_pytorch_ood(torch, detectors, rows):
    theirs = detectors.KNN(None, k=10).fit_features(torch.from_numpy(rows["train"]), torch.from_numpy(rows["labels"]))
    own = oodbench.Detector("knn", k=10).fit(features=rows["train"])
    expected = -theirs.predict_features(torch.from_numpy(rows["new"])).numpy()
    assert np.allclose(own.score_samples(features=rows["new"]), expected, rtol=1e-4)


def test_vim_is_that_of_pytorch_ood(torch, detectors, rows):
    weight, bias = torch.from_numpy(rows["weight"]), torch.from_numpy(rows["bias"])
    theirs = detectors.ViM(None, d=8, w=weight, b=bias).fit_features(torch.from_numpy(rows["train"]), torch.from_numpy(rows["labels"]))
    head = (rows["weight"], rows["bias"])
    own = oodbench.Detector("vim", dim=8).fit(features=rows["train"], head=head)
    expected = -theirs.predict_features(torch.from_numpy(rows["new"])).numpy()
    assert np.allclose(own.score_samples(features=rows["new"]), expected, rtol=1e-3, atol=1e-3)
