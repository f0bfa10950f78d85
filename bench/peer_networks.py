"""The networks of peer.py: the DDPM U-Net (Ho et al. 2020, as Song et al. 2021 use it) and NCSN++
(Song et al. 2021) as it is for CIFAR-10 in continuous time, under their published names.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn


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
    if hasattr(F, "scaled_dot_product_attention"):  # from 2.0 on
        return F.scaled_dot_product_attention(q, k, v)
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


# ---- NCSN++ ------------------------------------------------------------------------------------

def taps(x, gain):
    """The filter [1, 3, 3, 1] in two dimensions, one for each channel of x."""
    line = torch.tensor([1.0, 3.0, 3.0, 1.0], device=x.device) / 8
    return gain * torch.outer(line, line).expand(x.shape[1], 1, 4, 4)


def halved(x):
    return F.conv2d(x, taps(x, 1), stride=2, padding=1, groups=x.shape[1])


def doubled(x):
    return F.conv_transpose2d(x, taps(x, 4), stride=2, padding=1, groups=x.shape[1])


class BigganBlock(nn.Module):
    def __init__(self, channels, out, temb, dropout, resize=None):
        super().__init__()
        groups = lambda c: min(32, c // 4)
        self.resize = resize or (lambda x: x)
        self.GroupNorm_0 = nn.GroupNorm(groups(channels), channels, eps=1e-6)
        self.Conv_0 = conv3x3(channels, out)
        self.Dense_0 = nn.Linear(temb, out)
        self.GroupNorm_1 = nn.GroupNorm(groups(out), out, eps=1e-6)
        self.Dropout_0 = nn.Dropout(dropout)
        self.Conv_1 = conv3x3(out, out)
        if channels != out or resize:
            self.Conv_2 = nn.Conv2d(channels, out, 1)

    def forward(self, x, temb):
        h = self.Conv_0(self.resize(F.silu(self.GroupNorm_0(x))))
        h = h + self.Dense_0(F.silu(temb))[:, :, None, None]
        h = self.Conv_1(self.Dropout_0(F.silu(self.GroupNorm_1(h))))
        x = self.resize(x)
        return ((self.Conv_2(x) if hasattr(self, "Conv_2") else x) + h) * math.sqrt(0.5)


class RescaledAttention(Attention):
    def forward(self, x):
        return super().forward(x) * math.sqrt(0.5)


class Fourier(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.W = nn.Parameter(torch.zeros(width), requires_grad=False)

    def forward(self, sigmas):
        angles = sigmas.log()[:, None] * self.W * 2 * math.pi
        return torch.cat([angles.sin(), angles.cos()], dim=1)


class FilteredDownsample(nn.Module):
    def __init__(self, channels, out):
        super().__init__()
        self.Conv2d_0 = conv3x3(channels, out, stride=2, padding=0)

    def forward(self, x):
        return self.Conv2d_0(F.conv2d(x, taps(x, 1), padding=2, groups=x.shape[1]))


class Ncsnpp(nn.Module):
    """With the residual pyramid of inputs, and labels that are noise levels."""

    def __init__(self, model):
        super().__init__()
        width, sizes = model["width"], model["multipliers"]
        self.blocks, self.levels = model["blocks"], len(sizes)
        attended = [model["image_size"] >> i in model["attention"] for i in range(self.levels)]
        block = lambda c, out, resize=None: BigganBlock(c, out, 4 * width, model["dropout"], resize)
        attention = lambda c: RescaledAttention(c, lambda c: min(32, c // 4))

        modules = [Fourier(width), nn.Linear(2 * width, 4 * width), nn.Linear(4 * width, 4 * width),
                   conv3x3(model["channels"], width)]
        skips, pyramid = [width], model["channels"]
        for i, size in enumerate(sizes):
            out = width * size
            for _ in range(self.blocks):
                modules.append(block(skips[-1], out))
                if attended[i]:
                    modules.append(attention(out))
                skips.append(out)
            if i + 1 < self.levels:
                modules += [block(out, out, halved), FilteredDownsample(pyramid, out)]
                skips.append(out)
                pyramid = out
        channels = skips[-1]
        modules += [block(channels, channels), attention(channels), block(channels, channels)]
        for i, size in reversed(list(enumerate(sizes))):
            out = width * size
            for _ in range(self.blocks + 1):
                modules.append(block(channels + skips.pop(), out))
                channels = out
            if attended[i]:
                modules.append(attention(out))
            if i > 0:
                modules.append(block(out, out, doubled))
        modules += [nn.GroupNorm(min(32, channels // 4), channels, eps=1e-6),
                    conv3x3(channels, model["channels"])]
        self.attended = attended
        self.all_modules = nn.ModuleList(modules)

    def forward(self, x, labels):
        module = iter(self.all_modules)
        temb = next(module)(labels)
        temb = next(module)(temb)
        temb = next(module)(F.silu(temb))
        pyramid = 2 * x - 1
        h = next(module)(pyramid)
        skips = [h]
        for i in range(self.levels):
            for _ in range(self.blocks):
                h = next(module)(h, temb)
                if self.attended[i]:
                    h = next(module)(h)
                skips.append(h)
            if i + 1 < self.levels:
                h = next(module)(h, temb)
                h = pyramid = (next(module)(pyramid) + h) * math.sqrt(0.5)
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
                h = next(module)(h, temb)
        h = F.silu(next(module)(h))
        return next(module)(h) / labels[:, None, None, None]


NETWORKS = {"ddpm": Ddpm, "ncsnpp": Ncsnpp}


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
