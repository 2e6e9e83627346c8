"""What the peers do, each in a process of its own: `python peers.py NAME DUMPS` prints the seconds of its phases, without imports and reading."""

import json
import sys
import time

import numpy as np

from dumps import load


class Clock:
    """Seconds between calls."""

    def __init__(self):
        self.last = time.perf_counter()

    def lap(self):
        now = time.perf_counter()
        seconds, self.last = now - self.last, now
        return seconds


def logits_pytorch_ood(root):
    import torch
    from pytorch_ood.detector import EnergyBased, Entropy, MaxLogit, MaxSoftmax

    z = torch.from_numpy(load(root, "logits", "id/test", "logits"))
    clock = Clock()
    MaxSoftmax.score(z), MaxLogit.score(z), EnergyBased.score(z), Entropy.score(z)
    return {"work": clock.lap()}


def two_samples(root, run):
    return load(root, run, "id/test", "logits").ravel(), load(root, run, "ood/other", "logits").ravel()


def metrics_pytorch_ood(root, run):
    import torch
    from pytorch_ood.metrics import OODMetrics

    known, novel = two_samples(root, run)
    scores = torch.from_numpy(-np.concatenate([known, novel]))
    labels = torch.cat([torch.zeros(len(known), dtype=torch.long), -torch.ones(len(novel), dtype=torch.long)])
    clock = Clock()
    metrics = OODMetrics()
    metrics.update(scores, labels)
    metrics.compute()
    return {"work": clock.lap()}


def metrics_scikit_learn(root, run):
    from sklearn.metrics import average_precision_score, roc_auc_score

    known, novel = two_samples(root, run)
    scores = np.concatenate([known, novel])
    labels = np.concatenate([np.ones(len(known), dtype=int), np.zeros(len(novel), dtype=int)])
    clock = Clock()
    roc_auc_score(labels, scores), average_precision_score(labels, scores), average_precision_score(1 - labels, -scores)
    return {"work": clock.lap()}


def mahalanobis_pytorch_ood_f64(root, run):
    """In the precision of oodbench; the fit alone."""
    import torch
    from pytorch_ood.detector import Mahalanobis

    train = torch.from_numpy(load(root, run, "id/train", "features")).double()
    labels = torch.from_numpy(load(root, run, "id/train", "labels")).long()
    clock = Clock()
    Mahalanobis(None).fit_features(train, labels)
    return {"fit": clock.lap()}


def mahalanobis_pytorch_ood(root, run):
    import torch
    from pytorch_ood.detector import Mahalanobis

    train = torch.from_numpy(load(root, run, "id/train", "features"))
    labels = torch.from_numpy(load(root, run, "id/train", "labels")).long()
    test = torch.from_numpy(load(root, run, "id/test", "features"))
    clock = Clock()
    detector = Mahalanobis(None)
    detector.fit_features(train, labels)
    fit = clock.lap()
    # A product per class: at 2,048 features and 1,000 classes one batch takes half a minute, so it stands for all of its size.
    batches = test.split(500)
    scored = batches[:1] if train.shape[1] > 512 else batches
    for rows in scored:
        detector.predict_features(rows)
    return {"fit": fit, "score": clock.lap() * len(batches) / len(scored)}


def covariance_scikit_learn(root, run):
    from sklearn.covariance import EmpiricalCovariance

    train, labels = load(root, run, "id/train", "features"), load(root, run, "id/train", "labels")
    clock = Clock()
    means = np.stack([train[labels == c].mean(0) for c in range(labels.max() + 1)])
    EmpiricalCovariance(assume_centered=True).fit(train - means[labels])
    return {"fit": clock.lap()}


def knn_faiss(root):
    import faiss

    train, test = load(root, "knn", "id/train", "features"), load(root, "knn", "id/test", "features")
    clock = Clock()
    train /= np.linalg.norm(train, axis=1, keepdims=True)
    test /= np.linalg.norm(test, axis=1, keepdims=True)
    index = faiss.IndexFlatL2(train.shape[1])
    index.add(train)
    index.search(test, 50)
    return {"work": clock.lap()}


def cifar_pytorch_ood(root):
    """Eight scores of pytorch-ood with its metrics, where --score all computes every score of the registry by three procedures."""
    import torch
    from pytorch_ood.detector import KNN, RMD, EnergyBased, Entropy, Mahalanobis, MaxLogit, MaxSoftmax, ViM
    from pytorch_ood.metrics import OODMetrics

    def tensor(split, array):
        return torch.from_numpy(load(root, "cifar", split, array))

    weight, bias = (torch.from_numpy(load(root, "cifar", "head", name)) for name in ("weight", "bias"))
    train, labels = tensor("id/train", "features"), tensor("id/train", "labels")
    # It takes labels without gaps only.
    labels = labels.unique(return_inverse=True)[1]
    clock = Clock()
    splits = ["id/test", "ood/a", "ood/b", "ood/c"]
    on_logits = [MaxSoftmax.score, MaxLogit.score, EnergyBased.score, Entropy.score]
    scored = [{split: score(tensor(split, "logits")) for split in splits} for score in on_logits]
    for detector in (Mahalanobis(None), RMD(None), KNN(None), ViM(None, d=256, w=weight, b=bias)):
        detector.fit_features(train, labels)
        scored.append({s: torch.cat([detector.predict_features(rows) for rows in tensor(s, "features").split(1000)]) for s in splits})
    for scores in scored:
        for ood in splits[1:]:
            metrics = OODMetrics()
            known, novel = scores["id/test"], scores[ood]
            metrics.update(torch.cat([known, novel]), torch.cat([torch.zeros(len(known)), -torch.ones(len(novel))]).long())
            metrics.compute()
    return {"work": clock.lap()}


def bootstrap_scikit_learn(root):
    from sklearn.metrics import roc_auc_score

    known, novel = two_samples(root, "bootstrap")
    labels = np.concatenate([np.ones(len(known), dtype=int), np.zeros(len(novel), dtype=int)])
    rng = np.random.default_rng(0)
    clock = Clock()
    areas = []
    for _ in range(1_000):
        drawn = np.concatenate([rng.choice(known, len(known)), rng.choice(novel, len(novel))])
        areas.append(roc_auc_score(labels, drawn))
    np.percentile(areas, [2.5, 97.5])
    return {"work": clock.lap()}


def start_pytorch_ood(root):
    import pytorch_ood  # noqa: F401

    return {"work": 0.0}


PEERS = {
    "logits pytorch-ood": logits_pytorch_ood,
    "metrics-free pytorch-ood": lambda root: metrics_pytorch_ood(root, "metrics-free"),
    "metrics-free scikit-learn": lambda root: metrics_scikit_learn(root, "metrics-free"),
    "metrics-tied pytorch-ood": lambda root: metrics_pytorch_ood(root, "metrics-tied"),
    "metrics-tied scikit-learn": lambda root: metrics_scikit_learn(root, "metrics-tied"),
    "mahalanobis-512 pytorch-ood": lambda root: mahalanobis_pytorch_ood(root, "mahalanobis-512"),
    "mahalanobis-512 pytorch-ood in f64": lambda root: mahalanobis_pytorch_ood_f64(root, "mahalanobis-512"),
    "mahalanobis-512 scikit-learn": lambda root: covariance_scikit_learn(root, "mahalanobis-512"),
    "mahalanobis-2048 pytorch-ood": lambda root: mahalanobis_pytorch_ood(root, "mahalanobis-2048"),
    "mahalanobis-2048 pytorch-ood in f64": lambda root: mahalanobis_pytorch_ood_f64(root, "mahalanobis-2048"),
    "mahalanobis-2048 scikit-learn": lambda root: covariance_scikit_learn(root, "mahalanobis-2048"),
    "knn faiss": knn_faiss,
    "cifar pytorch-ood": cifar_pytorch_ood,
    "bootstrap scikit-learn": bootstrap_scikit_learn,
    "start pytorch-ood": start_pytorch_ood,
}

if __name__ == "__main__":
    print(json.dumps(PEERS[sys.argv[1]](sys.argv[2])))
