"""Times ito beside PyTorch; run by compare_pytorch.sh, which explains the options.

Every case runs in processes that live for the whole measurement: one of ito, and of PyTorch one for
each way to run it. They take turns, and each figure is the median over the turns.
"""
import argparse
import glob
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
NETWORKS = ["ddpm_cifar10", "ncsnpp_cifar10", "ddpm_mnist", "ddpm_tiny"]
# On a GPU also at the batch of the published networks.
PUBLISHED = ["ddpm_cifar10@128", "ncsnpp_cifar10@128"]
# Of a size for the emulated device.
TOYS = ["ddpm_toy", "conv3x3_toy", "linear_toy", "group_norm_silu_toy", "attention_toy"]
OPERATIONS = ["conv3x3_128_32", "conv3x3_256_16", "conv3x3_256_8", "conv1x1_256_16", "linear_512",
              "group_norm_silu_128_32", "attention_256"]
# Both sides compute in single precision, each in its own order: a Winograd convolution is allowed
# 2e-5, a network 1e-4 (relative L2 norms).
LIMITS = {"op": 2e-5, "network": 1e-4}


def environment(threads, tuned):
    """PyTorch at its best: OpenBLAS with OpenMP, memory kept instead of returned to the system."""
    env = dict(os.environ, OMP_NUM_THREADS=str(threads))
    for name in list(env):
        if name.startswith(("OPENBLAS_", "MALLOC_", "LD_LIBRARY_PATH", "LD_PRELOAD")):
            del env[name]
    blas = glob.glob("/usr/lib/*/openblas-openmp" if tuned else "/usr/lib/*/blas")
    if blas:
        env["LD_LIBRARY_PATH"] = blas[0]
    if tuned:
        env.update(MALLOC_TRIM_THRESHOLD_="17179869184", MALLOC_MMAP_THRESHOLD_="17179869184",
                   MALLOC_MMAP_MAX_="0", MALLOC_TOP_PAD_="67108864")
    return env


class Side:
    """A process that runs steps when told to."""

    def __init__(self, name, command, env):
        self.name, self.times = name, []
        self.process = subprocess.Popen(command, env=env, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name}: ended with status {self.process.wait()}")
        return line

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return float(self.answer())

    def settle(self, seconds):
        """Warms up, and chooses how many steps make a turn of about so many seconds."""
        self.ask("run 1")
        once = min(self.ask("run 1") for _ in range(2))
        self.count = max(1, int(1e3 * seconds / once))
        if self.count > 3:
            once = self.ask(f"run {max(1, self.count // 4)}")
            self.count = max(1, int(1e3 * seconds / once))

    def turn(self):
        time.sleep(0.02)  # the other side's idle threads go to sleep
        self.times.append(self.ask(f"run {self.count}"))

    def median(self):
        return statistics.median(self.times)

    def end(self):
        peak = self.ask("memory")
        self.process.stdin.close()
        self.process.wait()
        return peak


def sides_of(options, case, kind, path):
    threads = str(options.threads)
    peer = [options.python, os.path.join(HERE, "peer.py"), "serve", case, kind, threads,
            options.device]
    tuned, plain = environment(threads, True), environment(threads, False)
    ito = Side("ito", [options.ito_peer, "serve", case, kind, threads, options.device],
               environment_of_ito(threads))
    if options.alone:
        return ito, [], []
    best = [Side("contiguous", peer + ["contiguous", path], tuned)]
    if not case.startswith(("linear", "attention")):
        best.append(Side("channels_last", peer + ["channels_last", path], tuned))
    default = [] if options.no_default else [Side("default", peer + ["contiguous", path], plain)]
    return ito, best, default


def environment_of_ito(threads):
    env = environment(threads, False)
    env.pop("LD_LIBRARY_PATH", None)
    return env


def ratio(peer, ito):
    """Median over the turns, each of which has its own ratio."""
    return statistics.median(a / b for a, b in zip(peer.times, ito.times))


def measure(options, case, kind, path):
    ito, tuned, default = sides_of(options, case, kind, path)
    everyone = [ito, *tuned, *default]
    for side in everyone:
        side.answer()  # all are ready before the first is timed
    for side in everyone:
        side.settle(options.seconds)
    for _ in range(options.turns):
        for side in everyone:
            side.turn()
    memory = {side.name: side.end() for side in everyone}
    if options.alone:
        print(f"{case:24} {kind:12} {ito.median():10.3f} {'-':>10} {'-':>7}  {'-':14} {'-':>8} "
              f"{memory['ito']:8.0f} {'-':>8} {'-':>6}", flush=True)
        return {"case": case, "kind": kind, "device": options.device, "ito_ms": ito.median(),
                "ito_mb": memory["ito"]}
    best = min(tuned, key=Side.median)
    peer_memory = min(memory[side.name] for side in everyone[1:])
    row = {"case": case, "kind": kind, "device": options.device, "threads": options.threads,
           "ito_ms": ito.median(), "pytorch_ms": best.median(),
           "ratio": ratio(best, ito),
           "ito_rss_mb": memory["ito"], "pytorch_rss_mb": peer_memory,
           "pytorch_layout": best.name}
    for side in default:
        row.update(pytorch_default_ms=side.median(), ratio_default=ratio(side, ito))
    print(f"{case:24} {kind:12} {row['ito_ms']:10.3f} {row['pytorch_ms']:10.3f} "
          f"{row['ratio']:7.2f}  {best.name:14} {row.get('ratio_default', math.nan):8.2f} "
          f"{row['ito_rss_mb']:8.0f} {row['pytorch_rss_mb']:8.0f} "
          f"{row['ito_rss_mb'] / row['pytorch_rss_mb']:6.2f}", flush=True)
    return row


def is_network(case):
    return case.startswith(("ddpm", "ncsnpp"))


def agree(options, case, path):
    """Both sides must compute the same before they are timed."""
    command = [options.python, os.path.join(HERE, "peer.py"), "check", case, options.device,
               path]
    found = json.loads(subprocess.run(command, env=environment(options.threads, True), text=True,
                                      stdout=subprocess.PIPE, check=True).stdout)
    limit = LIMITS["network" if is_network(case) else "op"]
    listed = ", ".join(f"{name} {value:.1e}" for name, value in found.items())
    print(f"{case:24} relative differences (at most {limit:.0e}): {listed}", flush=True)
    return all(value <= limit for value in found.values())


def seconds_to_first(command, env):
    start = time.perf_counter()
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def start_up(options, path):
    """Program start to the end of the first score evaluation of ddpm_tiny, one image."""
    case, threads = "ddpm_tiny", str(options.threads)
    ito = [options.ito_peer, "first", case, threads]
    peer = [options.python, os.path.join(HERE, "peer.py"), "first", case, threads, path]
    times = [(seconds_to_first(ito, environment_of_ito(threads)),
              seconds_to_first(peer, environment(threads, True))) for _ in range(options.turns)]
    ours, theirs = (1e3 * statistics.median(column) for column in zip(*times))
    print(f"start to the first score evaluation of {case}, batch 1: ito {ours:.1f} ms, "
          f"PyTorch {theirs:.0f} ms")
    return {"case": case, "kind": "start_up", "threads": options.threads, "ito_ms": ours,
            "pytorch_ms": theirs, "ratio": theirs / ours}


def known_case(name):
    known = NETWORKS + OPERATIONS + TOYS
    if name.partition("@")[0] not in known:
        raise argparse.ArgumentTypeError(f"no case {name}; there are {', '.join(known)}; of a "
                                         "network also NAME@N, with a batch of N")
    return name


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ito-peer", required=True)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--only", metavar="CASE", type=known_case)
    parser.add_argument("--kind", choices=["sample", "train", "op_forward", "op_backward"])
    parser.add_argument("--no-default", action="store_true")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--toy", action="store_true")
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--out", metavar="FILE")
    options = parser.parse_args()
    options.no_default = options.no_default or options.device == "cuda"
    if options.turns < 5:
        parser.error("--turns: at least 5")
    return options


def main():
    options = arguments()
    rows, agreed = [], True
    with tempfile.TemporaryDirectory() as folder:
        networks = NETWORKS + (PUBLISHED if options.device == "cuda" else [])
        cases = TOYS if options.toy else networks + OPERATIONS
        cases = [options.only] if options.only else cases
        paths = {case: os.path.join(folder, case + ".safetensors") for case in cases}
        for case in cases:
            if options.alone:
                continue
            subprocess.run([options.ito_peer, "exchange", case, paths[case], options.device],
                           check=True, env=environment_of_ito(options.threads))
            agreed = agree(options, case, paths[case]) and agreed
        print(f"\n{'case':24} {'kind':12} {'ito ms':>10} {'PyTorch ms':>10} {'ratio':>7}  "
              f"{'best layout':14} {'default':>8} {'ito MB':>8} {'PT MB':>8} {'ratio':>6}")
        for case in cases:
            kinds = ["sample", "train"] if is_network(case) else ["op_forward", "op_backward"]
            for kind in kinds:
                if options.kind in (None, kind):
                    rows.append(measure(options, case, kind, paths[case]))
        on_cpu = options.device == "cpu" and not options.alone
        if on_cpu and "ddpm_tiny" in cases and options.kind in (None, "sample"):
            rows.append(start_up(options, paths["ddpm_tiny"]))
    if options.out:
        with open(options.out, "w") as file:
            json.dump(rows, file, indent=1)
    if not agreed:
        sys.exit("compare_pytorch: the two sides disagree")


main()
