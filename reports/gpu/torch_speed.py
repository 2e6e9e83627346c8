"""Images per second of training in PyTorch, printed as a number: the peer of `oodbench train` in `run.sh speed`.

    python torch_speed.py NETWORK LOSS IMAGES DEVICE [--tf32]

Same network, loss, optimiser and batch size; one crop for a whole batch, and every batch flipped, which is less work than ours; images of random bytes lie on
the device. One epoch after an epoch of warm-up.
"""
import pathlib
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "train"))
from networks import NETWORKS  # noqa: E402

network, loss, images, device = sys.argv[1], sys.argv[2], int(sys.argv[3]), torch.device(sys.argv[4])
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = "--tf32" in sys.argv
torch.backends.cudnn.benchmark = True
BATCH = 64


class Distances(nn.Module):
    """IsoMax's head, and IsoMax+'s with unit vectors and a scale."""

    def __init__(self, features, plus):
        super().__init__()
        self.plus = plus
        self.prototypes = nn.Parameter(torch.randn(10, features) if plus else torch.zeros(10, features))
        self.scale = nn.Parameter(torch.ones(1)) if plus else None

    def forward(self, f):
        if not self.plus:
            return -torch.cdist(f, self.prototypes, compute_mode="donot_use_mm_for_euclid_dist")
        distance = torch.cdist(F.normalize(f), F.normalize(self.prototypes), compute_mode="donot_use_mm_for_euclid_dist")
        return -self.scale.abs() * distance


def of(logits, targets):
    if loss == "softmax":
        return F.cross_entropy(logits, targets)
    return -torch.log(torch.softmax(10 * logits, 1)[torch.arange(len(targets), device=device), targets]).mean()


make, features = NETWORKS[network]
model = nn.Sequential(make(), nn.Linear(features, 10) if loss == "softmax" else Distances(features, loss == "isomax-plus"))
model.to(device)
sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4)
x = torch.randint(0, 256, (images, 3, 32, 32), dtype=torch.uint8, device=device)
y = torch.randint(0, 10, (images,), device=device)


def epoch():
    for chosen in torch.randperm(images, device=device).split(BATCH):
        batch = F.pad((x[chosen].float() / 255 - 0.47) / 0.25, (4, 4, 4, 4))
        top, side = torch.randint(0, 9, (2,)).tolist()
        batch = batch[:, :, top:top + 32, side:side + 32].flip(3).contiguous()
        value = of(model(batch), y[chosen])
        sgd.zero_grad()
        value.backward()
        sgd.step()
    # Waits for the device.
    return value.item()


epoch()
start = time.perf_counter()
epoch()
print(f"{images / (time.perf_counter() - start):.1f}")
