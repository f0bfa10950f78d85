"""The side of PyTorch in compare_pytorch.py: the same operations, the DDPM U-Net (Ho et al. 2020, as
Song et al. 2021 use it) under its published names, and the same training step.

  peer.py check CASE FILE                        compares with the results that ito wrote to FILE
  peer.py serve CASE KIND THREADS LAYOUT FILE    KIND and the commands are those of ito_peer
  peer.py first CASE THREADS FILE                one evaluation of one image, then ends

LAYOUT: contiguous or channels_last.
"""
import json
import math
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class Exchange:
    """A safetensors file of F32 tensors, read one tensor at a time."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            size = int.from_bytes(file.read(8), "little")
            self.header = json.loads(file.read(size))
        self.start = 8 + size
        self.metadata = self.header.pop("__metadata__", {})

    def __contains__(self, name):
        return name in self.header

    def tensor(self, name):
        entry = self.header[name]
        begin, end = entry["data_offsets"]
        values = np.fromfile(self.path, "<f4", (end - begin) // 4, offset=self.start + begin)
        return torch.from_numpy(values).reshape(entry["shape"])

    def images(self, name, layout):
        """[N, H, W, C] -> [N, C, H, W] in that memory layout."""
        return self.tensor(name).permute(0, 3, 1, 2).contiguous(memory_format=layout)


# ---- the network -------------------------------------------------------------------------------

def conv3x3(channels, out, **options):
    return nn.Conv2d(channels, out, 3, **{"padding": 1, **options})


class Residual(nn.Module):
    def __init__(self, channels, out, temb, groups, dropout):
        super().__init__()
        self.GroupNorm_0 = nn.GroupNorm(groups(channels), channels, eps=1e-6)
        self.Conv_0 = conv3x3(channels, out)
        self.Dense_0 = nn.Linear(temb, out)
        self.GroupNorm_1 = nn.GroupNorm(groups(out), out, eps=1e-6)
        self.Dropout_0 = nn.Dropout(dropout)
        self.Conv_1 = conv3x3(out, out)
        if channels != out:
            self.NIN_0 = nn.Conv2d(channels, out, 1)

    def forward(self, x, temb):
        h = self.Conv_0(F.silu(self.GroupNorm_0(x)))
        h = h + self.Dense_0(F.silu(temb))[:, :, None, None]
        h = self.Conv_1(self.Dropout_0(F.silu(self.GroupNorm_1(h))))
        return (self.NIN_0(x) if hasattr(self, "NIN_0") else x) + h


def attention(q, k, v):
    """q, k, v [B, T, D]"""
    scores = torch.bmm(q, k.transpose(1, 2)) * (1 / math.sqrt(q.shape[2]))
    return torch.bmm(torch.softmax(scores, dim=2), v)


class Attention(nn.Module):
    def __init__(self, channels, groups):
        super().__init__()
        self.GroupNorm_0 = nn.GroupNorm(groups(channels), channels, eps=1e-6)
        for i in range(4):
            setattr(self, f"NIN_{i}", nn.Conv2d(channels, channels, 1))

    def forward(self, x):
        h = self.GroupNorm_0(x)
        q, k, v = (nin(h).flatten(2).transpose(1, 2) for nin in (self.NIN_0, self.NIN_1, self.NIN_2))
        mixed = attention(q, k, v).transpose(1, 2).reshape(x.shape)
        return x + self.NIN_3(mixed)


class Downsample(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.Conv_0 = conv3x3(channels, channels, stride=2, padding=0)

    def forward(self, x):
        return self.Conv_0(F.pad(x, (0, 1, 0, 1)))


class Upsample(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.Conv_0 = conv3x3(channels, channels)

    def forward(self, x):
        return self.Conv_0(F.interpolate(x, scale_factor=2, mode="nearest"))


class Ddpm(nn.Module):
    def __init__(self, model):
        super().__init__()
        width, sizes = model["width"], model["multipliers"]
        self.width, self.blocks, self.levels = width, model["blocks"], len(sizes)
        attended = [model["image_size"] >> i in model["attention"] for i in range(self.levels)]
        quarter = model.get("group_rule") == "quarter"
        groups = lambda c: min(32, c // 4) if quarter else 32
        block = lambda c, out: Residual(c, out, 4 * width, groups, model["dropout"])

        modules = [nn.Linear(width, 4 * width), nn.Linear(4 * width, 4 * width),
                   conv3x3(model["channels"], width)]
        skips = [width]
        for i, size in enumerate(sizes):
            out = width * size
            for _ in range(self.blocks):
                modules.append(block(skips[-1], out))
                if attended[i]:
                    modules.append(Attention(out, groups))
                skips.append(out)
            if i + 1 < self.levels:
                modules.append(Downsample(out))
                skips.append(out)
        channels = skips[-1]
        modules += [block(channels, channels), Attention(channels, groups),
                    block(channels, channels)]
        for i, size in reversed(list(enumerate(sizes))):
            out = width * size
            for _ in range(self.blocks + 1):
                modules.append(block(channels + skips.pop(), out))
                channels = out
            if attended[i]:
                modules.append(Attention(out, groups))
            if i > 0:
                modules.append(Upsample(out))
        modules += [nn.GroupNorm(groups(channels), channels, eps=1e-6),
                    conv3x3(channels, model["channels"])]
        self.attended = attended
        self.all_modules = nn.ModuleList(modules)
        half = width // 2
        rates = torch.arange(half, dtype=torch.float32) * (-math.log(10000) / (half - 1))
        self.register_buffer("frequencies", torch.exp(rates), persistent=False)

    def forward(self, x, labels):
        module = iter(self.all_modules)
        angles = labels[:, None] * self.frequencies
        temb = next(module)(torch.cat([angles.sin(), angles.cos()], dim=1))
        temb = next(module)(F.silu(temb))
        h = next(module)(x)
        skips = [h]
        for i in range(self.levels):
            for _ in range(self.blocks):
                h = next(module)(h, temb)
                if self.attended[i]:
                    h = next(module)(h)
                skips.append(h)
            if i + 1 < self.levels:
                h = next(module)(h)
                skips.append(h)
        h = next(module)(h, temb)
        h = next(module)(h)
        h = next(module)(h, temb)
        for i in reversed(range(self.levels)):
            for _ in range(self.blocks + 1):
                h = next(module)(torch.cat([h, skips.pop()], dim=1), temb)
            if self.attended[i]:
                h = next(module)(h)
            if i > 0:
                h = next(module)(h)
        h = F.silu(next(module)(h))
        return next(module)(h)


def load(network, exchange):
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if ".NIN_" in name:  # published as a matrix [in, out]
                name = name.replace(".weight", ".W").replace(".bias", ".b")
                value = exchange.tensor(name)
                value = value.t()[:, :, None, None] if value.dim() == 2 else value
            else:
                value = exchange.tensor(name)
            assert value.shape == parameter.shape, name
            parameter.copy_(value)


def network_of(exchange, layout):
    network = Ddpm(json.loads(exchange.metadata["config"])["model"])
    load(network, exchange)
    return network.to(memory_format=layout)


# ---- what is timed -----------------------------------------------------------------------------

class Sampling:
    """One score evaluation; the score is -output / std (here of t = 0.5)."""

    def __init__(self, exchange, layout, batch=None):
        self.network = network_of(exchange, layout).eval()
        self.x = exchange.images("x_t", layout)[:batch]
        self.labels = torch.full((self.x.shape[0],), 499.5)
        self.scale = torch.full((self.x.shape[0], 1, 1, 1), -1.04)

    def step(self):
        with torch.inference_mode():
            self.network(self.x, self.labels) * self.scale


class Training:
    """Denoising loss of the VP SDE, backward, clip, Adam, EMA."""

    def __init__(self, exchange, layout):
        self.network = network_of(exchange, layout).train()
        self.parameters = list(self.network.parameters())
        self.averages = [p.detach().clone() for p in self.parameters]
        self.adam = torch.optim.Adam(self.parameters, lr=2e-4)
        self.count = 0
        shape = exchange.images("x_t", layout).shape
        self.batch, self.layout = shape[0], layout
        self.data = torch.randint(0, 256, (4 * shape[0], *shape[1:]), dtype=torch.uint8)

    def loss(self):
        rows = torch.arange(self.batch) + self.count * self.batch
        x_0 = self.data[rows % len(self.data)].float().mul_(2 / 255).sub_(1)
        x_0 = x_0.contiguous(memory_format=self.layout)
        t = 1e-5 + torch.rand(self.batch) * (1 - 1e-5)
        log_mean = -0.25 * t * t * (20 - 0.1) - 0.5 * t * 0.1
        mean, std = torch.exp(log_mean), torch.sqrt(-torch.expm1(2 * log_mean))
        z = torch.randn_like(x_0)
        x_t = mean[:, None, None, None] * x_0 + std[:, None, None, None] * z
        residual = z - self.network(x_t, 999 * t)
        return residual.square().flatten(1).mean(1).mean()

    def step(self):
        self.adam.zero_grad(set_to_none=True)
        self.loss().backward()
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        for group in self.adam.param_groups:
            group["lr"] = 2e-4 * min(self.count / 5000, 1)
        self.adam.step()
        self.count += 1
        decay = min(0.9999, (1 + self.count) / (10 + self.count))
        with torch.no_grad():
            for average, parameter in zip(self.averages, self.parameters):
                average.lerp_(parameter, 1 - decay)


def function_of(name):
    if name.startswith("conv"):
        return lambda x, w: F.conv2d(x, w, padding=w.shape[2] // 2)
    if name.startswith("linear"):
        return torch.mm
    if name.startswith("group_norm_silu"):
        return lambda x, gamma, beta: F.silu(F.group_norm(x, 32, gamma, beta, 1e-6))
    if name.startswith("attention"):
        return attention
    raise SystemExit(f"peer.py has no {name}")


class Operation:
    def __init__(self, name, exchange, layout):
        self.f = function_of(name)
        self.inputs = []
        while (key := f"x{len(self.inputs)}") in exchange:
            self.inputs.append(self.ours(exchange.tensor(key), len(self.inputs) > 0, layout))
        for x in self.inputs:
            x.requires_grad_()
        self.c = self.ours(exchange.tensor("c"), False, layout)
        self.y = self.f(*self.inputs)

    @staticmethod
    def ours(x, weight, layout):
        """Images and convolution weights in PyTorch's axes."""
        if x.dim() != 4:
            return x
        axes = (3, 2, 0, 1) if weight else (0, 3, 1, 2)
        return x.permute(*axes).contiguous(memory_format=layout)

    def forward(self):
        with torch.inference_mode():
            self.f(*self.inputs)

    def backward(self):
        return torch.autograd.grad(self.y, self.inputs, self.c, retain_graph=True)


def work_of(name, kind, exchange, layout):
    if kind == "sample":
        return Sampling(exchange, layout).step
    if kind == "train":
        return Training(exchange, layout).step
    operation = Operation(name, exchange, layout)
    return operation.forward if kind == "op_forward" else operation.backward


# ---- agreement ---------------------------------------------------------------------------------

def relative(a, b):
    return (torch.linalg.vector_norm((a - b).double()) /
            torch.linalg.vector_norm(b.double())).item()


def check(name, exchange):
    """Relative differences between both sides: of outputs and gradients in L2, and of numbers."""
    layout = torch.contiguous_format
    if "loss" not in exchange.metadata:
        operation = Operation(name, exchange, layout)
        differences = {"y": relative(operation.ours(exchange.tensor("y"), False, layout),
                                     operation.y)}
        for i, g in enumerate(operation.backward()):
            theirs = operation.ours(exchange.tensor(f"g{i}"), i > 0, layout)
            differences[f"g{i}"] = relative(theirs, g)
        return differences
    network = network_of(exchange, layout).eval()
    y = network(exchange.images("x_t", layout), exchange.tensor("labels"))
    loss = (exchange.images("z", layout) - y).square().flatten(1).mean(1).mean()
    loss.backward()
    norm = math.sqrt(sum(p.grad.double().square().sum().item() for p in network.parameters()))
    number = lambda key, value: abs(float(exchange.metadata[key]) / value - 1)
    return {"y": relative(exchange.images("y", layout), y.detach()),
            "loss": number("loss", loss.item()), "gradient_norm": number("gradient_norm", norm)}


def serve(step):
    print("ready", flush=True)
    for line in sys.stdin:
        command = line.split()
        if command[0] == "run":
            count = int(command[1])
            start = time.perf_counter()
            for _ in range(count):
                step()
            print(1e3 * (time.perf_counter() - start) / count, flush=True)
        else:
            with open("/proc/self/status") as status:
                peak = next(s for s in status if s.startswith("VmHWM:"))
            print(int(peak.split()[1]) / 1024, flush=True)


def main(use, name, *rest):
    if use == "check":
        print(json.dumps(check(name, Exchange(rest[0]))))
    elif use == "serve":
        kind, threads, layout, path = rest
        torch.set_num_threads(int(threads))
        layout = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}[layout]
        serve(work_of(name, kind, Exchange(path), layout))
    else:
        torch.set_num_threads(int(rest[0]))
        Sampling(Exchange(rest[1]), torch.contiguous_format, 1).step()
        print("ready", flush=True)


main(*sys.argv[1:])
