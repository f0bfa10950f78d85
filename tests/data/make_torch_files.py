#!/usr/bin/env python3
"""Makes the files of tests/data/torch: what PyTorch 1.13 and diffusers 0.21 write, and what nobody should.

    python3 make_torch_files.py             (PyTorch)
    python3 make_torch_files.py diffusers   (diffusers too, for the two diffusers_* files)
"""
import json
import os
import struct
import sys
import zipfile
import zlib

import torch

here = os.path.dirname(os.path.abspath(__file__))
out = os.path.join(here, "torch")
f4 = torch.float32


def read_safetensors(name):
    data = open(os.path.join(here, name), "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    metadata = header.pop("__metadata__")
    tensors = {}
    for key, entry in header.items():
        begin, end = entry["data_offsets"]
        if entry["dtype"] == "F32":
            values = torch.frombuffer(bytearray(data[8 + size + begin:8 + size + end]), dtype=f4)
            tensors[key] = values.reshape(entry["shape"])
    return metadata, tensors


def write_safetensors(path, tensors):
    header, body = {}, b""
    for name, tensor in sorted(tensors.items()):
        data = tensor.detach().to(f4).contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape),
                        "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + body)


def all_types():
    """Tensors of every type and of every kind of view; the tests know the numbers."""
    base = torch.arange(24, dtype=f4) / 4
    tensors = {"f32": base[:6].clone().reshape(2, 3)}
    for name, dtype in {"f64": torch.float64, "f16": torch.float16, "bf16": torch.bfloat16}.items():
        tensors[name] = (torch.arange(6) / 4 - 0.5).to(dtype)
    for name in "int64", "int32", "int16", "int8", "uint8":
        tensors[name] = torch.arange(1, 5).to(getattr(torch, name))
    tensors["bool"] = torch.tensor([True, False, True])
    tensors["transposed"] = base.reshape(4, 6).t()
    tensors["column"] = base.reshape(4, 6)[:, 2]
    tensors["slice"] = base[8:12]
    tensors["scalar"] = torch.tensor(2.5)
    tensors["parameter"] = torch.nn.Parameter(torch.tensor([1.5, -1.5]))
    return tensors


# The order in which the published blocks register their parts.
PARTS = ["weight", "bias", "W", "b", "GroupNorm_0", "Conv_0", "Conv2d_0", "Dense_0", "GroupNorm_1", "Conv_1",
         "Conv_2", "NIN_0", "NIN_1", "NIN_2", "NIN_3"]


def module_order(name):
    parts = name.split(".")
    return [int(parts[1])] + [PARTS.index(part) for part in parts[2:]]


def training_state():
    """The state that the published training loop saves; its averages are the reference's weights."""
    metadata, tensors = read_safetensors("net_ncsnpp_ve_discrete.safetensors")
    weights = {k[len("param."):]: v for k, v in tensors.items() if k.startswith("param.")}
    names = sorted(weights, key=module_order)
    model = torch.nn.Module.state_dict(torch.nn.Module())  # an OrderedDict with _metadata
    model["module.sigmas"] = torch.exp(torch.linspace(3.9, -4.6, 10))
    for name in names:
        model["module." + name] = weights[name] + 1
    first = torch.nn.Parameter(weights[names[0]].clone())
    optimizer = torch.optim.Adam([first], lr=2e-4)
    first.sum().backward()
    optimizer.step()
    ema = {"decay": 0.999, "num_updates": 7, "shadow_params": [weights[name] for name in names]}
    torch.save({"optimizer": optimizer.state_dict(), "model": model, "ema": ema, "step": 7},
               os.path.join(out, "training_state.pth"))
    with open(os.path.join(out, "training_state.json"), "w") as file:
        config = json.loads(metadata["config"])
        config["training"]["sde"] = "vesde"
        json.dump(config, file, indent=1)


def state_list():
    """As NCSN and NCSNv2 are saved: a list, averages by name."""
    model = {"module.a.weight": torch.ones(2, 2), "module.sigmas": torch.ones(3), "module.a.bias": torch.ones(2)}
    ema = {"module.a.weight": torch.full((2, 2), 3.0), "module.a.bias": torch.full((2,), 4.0)}
    torch.save([model, {"state": {}, "param_groups": []}, 2, 120, ema], os.path.join(out, "state_list.pth"),
               _use_new_zipfile_serialization=False)


def bad_averages():
    """Averages that do not fit their model."""
    model = {"a": torch.ones(2, 2), "sigmas": torch.ones(3), "b": torch.ones(2)}
    for name, shadow in {"count": [torch.ones(2, 2)], "shape": [torch.ones(2, 2), torch.ones(3)],
                         "kind": [torch.ones(2, 2), 1.5]}.items():
        torch.save({"model": model, "ema": {"shadow_params": shadow}}, os.path.join(out, f"bad_average_{name}.pth"),
                   _use_new_zipfile_serialization=False)


def small_files():
    for name, new in ("types.pt", True), ("types_legacy.pt", False):
        torch.save(all_types(), os.path.join(out, name), _use_new_zipfile_serialization=new)
    tiny = {"a": torch.arange(3, dtype=f4), "b": torch.arange(3, dtype=f4)[1:]}
    for name, new in ("tiny.pt", True), ("tiny_legacy.pt", False):
        torch.save(tiny, os.path.join(out, name), _use_new_zipfile_serialization=new)
    packed = zipfile.ZipFile(os.path.join(out, "deflated.pt"), "w", zipfile.ZIP_DEFLATED)
    with packed, zipfile.ZipFile(os.path.join(out, "tiny.pt")) as stored:
        for entry in stored.namelist():
            packed.writestr(zipfile.ZipInfo(entry, (1980, 1, 1, 0, 0, 0)), stored.read(entry),
                            zipfile.ZIP_DEFLATED)


# Files that nobody should write.

def local_header(name, data, size=None):
    return struct.pack("<IHHHHHIIIHH", 0x04034b50, 20, 0, 0, 0, 0, zlib.crc32(data),
                       len(data) if size is None else size, len(data) if size is None else size,
                       len(name), 0) + name


def directory_entry(name, data, offset, method=0, unpacked=None):
    return struct.pack("<IHHHHHHIIIHHHHHII", 0x02014b50, 20, 20, 0, method, 0, 0, zlib.crc32(data), len(data),
                       len(data) if unpacked is None else unpacked, len(name), 0, 0, 0, 0, 0, offset) + name


def end(entries, count, offset):
    return struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, count, count, len(entries), offset, 0)


def archive(items, directory):
    """Local entries one after another, then a directory made from their offsets."""
    body, offsets = b"", []
    for name, data in items:
        offsets.append(len(body))
        body += local_header(name, data) + data
    entries = directory(offsets)
    return body + b"".join(entries) + end(b"".join(entries), len(entries), len(body))


def bad_archives():
    pickle, number = b"\x80\x02}.", b"\x00\x00\x80\x3f"
    inner = local_header(b"a/data/1", number) + number
    outer = inner + b"rest"

    def write(name, data):
        with open(os.path.join(out, name), "wb") as file:
            file.write(data)

    # Entry 1 lies within the data of entry 0, which is how a small archive unpacks to a huge one.
    inside = len(local_header(b"a/data.pkl", pickle) + pickle + local_header(b"a/data/0", outer))
    write("bad_overlap.pt", archive(
        [(b"a/data.pkl", pickle), (b"a/data/0", outer)],
        lambda at: [directory_entry(b"a/data.pkl", pickle, at[0]), directory_entry(b"a/data/0", outer, at[1]),
                    directory_entry(b"a/data/1", number, inside)]))
    write("bad_duplicate.pt", archive(
        [(b"a/data.pkl", pickle), (b"a/data.pkl", pickle)],
        lambda at: [directory_entry(b"a/data.pkl", pickle, offset) for offset in at]))
    write("bad_size.pt", archive(
        [(b"a/data.pkl", pickle)],
        lambda at: [directory_entry(b"a/data.pkl", pickle, at[0], method=8, unpacked=0xfffffff0)]))
    # What pickle.loads would run: os.system("echo"). Written as bytes, so that nothing here does.
    evil = b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00echo\x85R."
    write("bad_call.pt", archive([(b"a/data.pkl", evil)], lambda at: [directory_entry(b"a/data.pkl", evil, at[0])]))


def diffusers_model():
    from diffusers import UNet2DModel
    model = UNet2DModel(sample_size=8, in_channels=3, out_channels=3, layers_per_block=1,
                        block_out_channels=(8, 16), norm_num_groups=4, norm_eps=1e-6, attention_head_dim=None,
                        flip_sin_to_cos=False, freq_shift=1, downsample_padding=0,
                        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
                        up_block_types=("AttnUpBlock2D", "UpBlock2D"))
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for parameter in model.parameters():
            scale = parameter[0].numel() ** -0.5 if parameter.dim() > 1 else 0.3
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale)
    write_safetensors(os.path.join(out, "diffusers_model.safetensors"), model.state_dict())
    with open(os.path.join(out, "diffusers_config.json"), "w") as file:
        config = {k: v for k, v in model.config.items() if k != "_use_default_values"}
        json.dump({"_class_name": "UNet2DModel"} | config, file, indent=1)
    x = torch.randn((2, 3, 8, 8), generator=generator)
    t = torch.tensor([17, 803])
    with torch.no_grad():
        y = model(x, t).sample
        y64 = model.double()(x.double(), t).sample
    print("diffusers: float32 floor", (y - y64).abs().max().item(), "largest", y.abs().max().item())
    write_safetensors(os.path.join(out, "diffusers_values.safetensors"), {"x": x, "t": t, "y": y})


torch.manual_seed(0)
os.makedirs(out, exist_ok=True)
small_files()
training_state()
state_list()
bad_averages()
bad_archives()
if "diffusers" in sys.argv[1:]:
    diffusers_model()
