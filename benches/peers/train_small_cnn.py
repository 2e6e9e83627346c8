"""Times one training epoch of the small CNN in PyTorch: the peer of `cargo bench --bench train_epoch`.

    pip install torch==2.11.0 numpy
    python benches/peers/train_small_cnn.py IMAGES_IDX.gz LABELS_IDX.gz [images] [threads] [channels_last]

Same network, loss (IsoMax+), optimiser, batch size and number of images; no augmentation. Prints seconds
for the whole epoch, batch preparation included, once after a warm-up of ten steps.
"""
import gzip
import sys
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

images, labels = sys.argv[1:3]
count = int(sys.argv[3]) if len(sys.argv) > 3 else 10_000
torch.set_num_threads(int(sys.argv[4]) if len(sys.argv) > 4 else 2)
channels_last = len(sys.argv) > 5
torch.manual_seed(0)


class SmallCnn(nn.Module):
    def __init__(self):
        super().__init__()
        for n, (i, o) in enumerate([(1, 32), (32, 64), (64, 128)], 1):
            setattr(self, f"conv{n}", nn.Conv2d(i, o, 3, padding=1, bias=False))
            setattr(self, f"bn{n}", nn.BatchNorm2d(o))
        self.prototypes = nn.Parameter(torch.randn(10, 128))
        self.distance_scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        x = F.avg_pool2d(F.relu(self.bn1(self.conv1(x)), inplace=True), 2)
        x = F.avg_pool2d(F.relu(self.bn2(self.conv2(x)), inplace=True), 2)
        f = F.relu(self.bn3(self.conv3(x)), inplace=True).mean((2, 3))
        mode = "donot_use_mm_for_euclid_dist"
        return -torch.abs(self.distance_scale) * torch.cdist(F.normalize(f), F.normalize(self.prototypes), compute_mode=mode)


def loss(logits, targets):
    return -torch.log(torch.softmax(10 * logits, 1)[range(logits.size(0)), targets]).mean()


x = np.frombuffer(gzip.open(images).read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)[:count]
y = torch.from_numpy(np.frombuffer(gzip.open(labels).read(), np.uint8, offset=8)[:count].astype(np.int64))
x = torch.from_numpy(x.copy())
model = SmallCnn()
if channels_last:
    model = model.to(memory_format=torch.channels_last)
sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4)


def step(chosen):
    batch = (x[chosen].float() / 255 - 0.286) / 0.353
    if channels_last:
        batch = batch.contiguous(memory_format=torch.channels_last)
    value = loss(model(batch), y[chosen])
    sgd.zero_grad()
    value.backward()
    sgd.step()
    return value


order = torch.randperm(len(x))
for i in range(10):
    step(order[i * 64 : (i + 1) * 64])
start, cpu, best, value = time.perf_counter(), time.process_time(), float("inf"), None
for i in range(0, len(x), 64):
    before = time.perf_counter()
    value = step(order[i : i + 64])
    best = min(best, time.perf_counter() - before)
print(f"torch {torch.__version__} threads {torch.get_num_threads()} channels_last {channels_last}: "
      f"{time.perf_counter() - start:.2f} s, CPU {time.process_time() - cpu:.2f} s for {len(x)} images, best step {best * 1e3:.1f} ms, last loss {value.item():.3f}")
