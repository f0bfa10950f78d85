"""The side of PyTorch in compare_pytorch.py: the same operations, networks (peer_networks.py) and
training steps.

  peer.py check CASE DEVICE FILE                        compares with the results that ito wrote to FILE
  peer.py serve CASE KIND THREADS DEVICE LAYOUT FILE    KIND and the commands are those of ito_peer
  peer.py first CASE THREADS FILE                       one evaluation of one image, then ends

DEVICE: cpu or cuda, there in single precision throughout. LAYOUT: contiguous or channels_last.
"""
import itertools
import json
import math
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from peer_networks import NETWORKS, attention, load


class Exchange:
    """A safetensors file of F32 tensors, read one tensor at a time."""

    def __init__(self, path, device="cpu"):
        self.path, self.device = path, device
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
        return torch.from_numpy(values).reshape(entry["shape"]).to(self.device)

    def images(self, name, layout):
        """[N, H, W, C] -> [N, C, H, W] in that memory layout."""
        return self.tensor(name).permute(0, 3, 1, 2).contiguous(memory_format=layout)


def network_of(exchange, layout):
    model = json.loads(exchange.metadata["config"])["model"]
    network = NETWORKS[model["type"]](model)
    load(network, exchange)
    return network.to(device=exchange.device, memory_format=layout)


# ---- what is timed -----------------------------------------------------------------------------

class Sampling:
    """One score evaluation, at t = 0.5. Of the VP SDE the score is -output / std."""

    def __init__(self, exchange, layout, batch=None):
        self.network = network_of(exchange, layout).eval()
        self.x = exchange.images("x_t", layout)[:batch]
        ve = is_ve(exchange)
        self.labels = torch.full((self.x.shape[0],), ve_sigma(0.5) if ve else 499.5,
                                 device=exchange.device)
        self.scale = None if ve else torch.full((self.x.shape[0], 1, 1, 1), -1.04,
                                              device=exchange.device)

    def step(self):
        with torch.inference_mode():
            y = self.network(self.x, self.labels)
            return y if self.scale is None else y * self.scale


def is_ve(exchange):
    return json.loads(exchange.metadata["config"]).get("sde", {}).get("type") == "ve"


def ve_sigma(t):
    return 0.01 * 5000**t


class Training:
    """Denoising loss of the SDE, backward, clip, Adam, EMA."""

    def __init__(self, exchange, layout):
        self.network = network_of(exchange, layout).train()
        self.parameters = [p for p in self.network.parameters() if p.requires_grad]
        self.averages = [p.detach().clone() for p in self.parameters]
        fused = {"fused": True} if exchange.device == "cuda" else {}
        self.adam = torch.optim.Adam(self.parameters, lr=2e-4, **fused)
        self.count = 0
        shape = exchange.images("x_t", layout).shape
        self.batch, self.layout, self.device = shape[0], layout, exchange.device
        self.data = torch.randint(0, 256, (4 * shape[0], *shape[1:]), dtype=torch.uint8)
        self.loss = self.ve_loss if is_ve(exchange) else self.vp_loss

    def images(self):
        rows = torch.arange(self.batch) + self.count * self.batch
        x_0 = self.data[rows % len(self.data)].to(self.device).float().mul_(1 / 255)
        return x_0.contiguous(memory_format=self.layout)

    def vp_loss(self):
        x_0 = self.images().mul_(2).sub_(1)
        t = 1e-5 + torch.rand(self.batch, device=self.device) * (1 - 1e-5)
        log_mean = -0.25 * t * t * (20 - 0.1) - 0.5 * t * 0.1
        mean, std = torch.exp(log_mean), torch.sqrt(-torch.expm1(2 * log_mean))
        z = torch.randn_like(x_0)
        x_t = mean[:, None, None, None] * x_0 + std[:, None, None, None] * z
        residual = z - self.network(x_t, 999 * t)
        return residual.square().flatten(1).mean(1).mean()

    def ve_loss(self):
        x_0 = self.images()
        sigma = ve_sigma(1e-5 + torch.rand(self.batch, device=self.device) * (1 - 1e-5))
        z = torch.randn_like(x_0)
        x_t = x_0 + sigma[:, None, None, None] * z
        residual = sigma[:, None, None, None] * self.network(x_t, sigma) + z
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
            if hasattr(torch, "_foreach_lerp_"):  # from 2.0 on
                torch._foreach_lerp_(self.averages, self.parameters, 1 - decay)
                return
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


def rotating(name, exchange, layout):
    """Several buffers in turn, on a GPU together twice the L2 of an H100, as in ito_peer."""
    operations = [Operation(name, exchange, layout)]
    first = operations[0]
    size = 8 * sum(x.numel() for x in [*first.inputs, first.y])
    while exchange.device == "cuda" and len(operations) < 16 and size * len(operations) < 100e6:
        operations.append(Operation(name, exchange, layout))
    return itertools.cycle(operations)


def work_of(name, kind, exchange, layout):
    if kind == "sample":
        return Sampling(exchange, layout).step
    if kind == "train":
        return Training(exchange, layout).step
    operations = rotating(name, exchange, layout)
    if kind == "op_forward":
        return lambda: next(operations).forward()
    return lambda: next(operations).backward()


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
    labels = exchange.tensor("labels")
    y = network(exchange.images("x_t", layout), labels)
    scaled = labels[:, None, None, None] * y if is_ve(exchange) else -y
    loss = (scaled + exchange.images("z", layout)).square().flatten(1).mean(1).mean()
    loss.backward()
    norm = math.sqrt(sum(p.grad.double().square().sum().item() for p in network.parameters()
                         if p.requires_grad))
    number = lambda key, value: abs(float(exchange.metadata[key]) / value - 1)
    return {"y": relative(exchange.images("y", layout), y.detach()),
            "loss": number("loss", loss.item()), "gradient_norm": number("gradient_norm", norm)}


def milliseconds(step, count, device):
    """Of `count` steps: by the clock, or by the device's events."""
    if device == "cpu":
        start = time.perf_counter()
        for _ in range(count):
            step()
        return 1e3 * (time.perf_counter() - start)
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    for _ in range(count):
        step()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end)


def peak_mb(device):
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    with open("/proc/self/status") as status:
        peak = next(s for s in status if s.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024


def serve(step, device):
    print("ready", flush=True)
    for line in sys.stdin:
        command = line.split()
        if command[0] == "run":
            count = int(command[1])
            print(milliseconds(step, count, device) / count, flush=True)
        else:
            print(peak_mb(device), flush=True)


def main(use, name, *rest):
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    if use == "check":
        device, path = rest
        print(json.dumps(check(name, Exchange(path, device))))
    elif use == "serve":
        kind, threads, device, layout, path = rest
        torch.set_num_threads(int(threads))
        layout = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}[layout]
        serve(work_of(name, kind, Exchange(path, device), layout), device)
    else:
        torch.set_num_threads(int(rest[0]))
        Sampling(Exchange(rest[1]), torch.contiguous_format, 1).step()
        print("ready", flush=True)


main(*sys.argv[1:])
