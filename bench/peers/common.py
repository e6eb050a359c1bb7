"""What the two PyTorch peers share: shapes, parameters, losses, timing, and the JSON they print.

The peers are written from the project's specification of SAFSD-GLNet for one purpose: to be timed beside
`safsd-cl bench --only step`. Shapes, dropout, parameters and optimiser are the same; random numbers are PyTorch's own.
"""
import argparse
import json
import math
import os
import platform
import resource
import time

import torch
import torch.nn.functional as F

SHAPES = {
    "iemocap": {
        "lengths": [34, 54, 63, 24, 45, 52, 37, 32, 63, 38, 28, 40, 60, 65, 51, 66],
        "dims": {"t": 1024, "a": 1582, "v": 342},
        "classes": 6, "speakers": 2, "gate": "learned", "lambda_kl": 1.0,
    },
    "meld": {
        "lengths": [5, 11, 14, 1, 8, 11, 6, 4, 14, 6, 3, 7, 13, 15, 10, 15],
        "dims": {"t": 1024, "a": 300, "v": 342},
        "classes": 7, "speakers": 9, "gate": "identity", "lambda_kl": 0.1,
    },
}
MODALITIES = "tav"
INPUT_NAME = {"t": "textf_input", "a": "acouf_input", "v": "visuf_input"}
DROPOUT, GCN_MASK, HEADS, GCN_LAYERS = 0.5, 0.5, 8, 4


def sources_of(target):
    """Encoders that write into `target`: its own first, then the others in t, a, v order."""
    return [target] + [m for m in MODALITIES if m != target]


def parameter_shapes(shape, H):
    C, S, G = shape["classes"], shape["speakers"], H
    shapes = {"speaker_embeddings.weight": (S + 1, H)}
    for m in MODALITIES:
        shapes[INPUT_NAME[m] + ".weight"] = (H, shape["dims"][m], 1)
    for n in MODALITIES:
        for m in sources_of(n):
            p = f"{m}_{n}.transformer_inter.0."
            for name in ("linear_k", "linear_v", "linear_q", "linear"):
                shapes[f"{p}self_attn.{name}.weight"], shapes[f"{p}self_attn.{name}.bias"] = (H, H), (H,)
            for name in ("feed_forward.w_1", "feed_forward.w_2"):
                shapes[f"{p}{name}.weight"], shapes[f"{p}{name}.bias"] = (H, H), (H,)
            shapes[f"{p}feed_forward.layer_norm.weight"] = shapes[f"{p}feed_forward.layer_norm.bias"] = (H,)
            if shape["gate"] == "learned":
                shapes[f"{m}_{n}_gate.gate.0.weight"], shapes[f"{m}_{n}_gate.gate.0.bias"] = (H, H), (H,)
        shapes[f"features_reduce_{n}.weight"], shapes[f"features_reduce_{n}.bias"] = (H, 3 * H), (H,)
        shapes[f"{n}_output_layer.2.weight"], shapes[f"{n}_output_layer.2.bias"] = (C, H), (C,)
    shapes["graph_model.speaker_embeddings.weight"] = (S, H)
    shapes["graph_model.fc1.weight"], shapes["graph_model.fc1.bias"] = (G, H), (G,)
    for k in range(1, GCN_LAYERS + 1):
        shapes[f"graph_model.conv{k}.gate.weight"], shapes[f"graph_model.conv{k}.gate.bias"] = (1, 2 * G), (1,)
    shapes["smax_fc.weight"], shapes["smax_fc.bias"] = (C, 6 * G), (C,)
    return shapes


def make_parameters(shape, H):
    parameters = {}
    for name, size in parameter_shapes(shape, H).items():
        if "layer_norm.weight" in name:
            value = torch.ones(size)
        elif "layer_norm.bias" in name:
            value = torch.zeros(size)
        elif "embeddings" in name:
            value = torch.randn(size)
        else:
            bound = 1 / math.sqrt(size[1] if len(size) > 1 else size[0])
            value = torch.empty(size).uniform_(-bound, bound)
        parameters[name] = value.requires_grad_()
    return parameters


def step_flops(shape, H, rows, training):
    """FLOP of the matrix products on packed rows, multiply and add as two; a gradient costs twice its forward, but
    for the inputs, whose own gradient nobody needs."""
    inner = 9 * (6 + (shape["gate"] == "learned")) * H * H      # k, v, q, output, two of the feed-forward, gate
    inner += 3 * 3 * H * H + 3 * H * H                          # reduction, graph input
    inner += 3 * H * shape["classes"] + 6 * H * shape["classes"]  # students, head
    inputs = sum(shape["dims"].values()) * H
    return 2.0 * rows * ((3 * inner + 2 * inputs) if training else (inner + inputs))


def position_encoding(length, H):
    place = torch.arange(length, dtype=torch.float64)[:, None]
    rate = torch.exp(torch.arange(0, H, 2, dtype=torch.float64) * -(math.log(10000.0) / H))
    table = torch.zeros(length, H, dtype=torch.float64)
    table[:, 0::2], table[:, 1::2] = torch.sin(place * rate), torch.cos(place * rate)
    return table.float()


def alpha_of(classes):
    return torch.full((classes,), (1 - 1 / classes) / (classes - 1))


def gemm_rate(H, rows):
    """GFLOP/s of the best of several products [rows, H] . [H, H]ᵀ, as the model's linear layers are."""
    x, w, best = torch.randn(rows, H), torch.randn(H, H), 0.0
    repeat = max(1, int(2e10 / (2 * rows * H * H)))
    for _ in range(8):
        start = time.perf_counter()
        for _ in range(repeat):
            F.linear(x, w)
        best = max(best, repeat * 2 * rows * H * H / (time.perf_counter() - start) / 1e9)
    return best


def percentile(ordered, fraction):
    """Nearest rank with linear interpolation, as the program's own harness does."""
    place = fraction * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def peak_host_mib():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def arguments(description, masks):
    parser = argparse.ArgumentParser(description=description.split("\n")[0])
    parser.add_argument("--shape", choices=sorted(SHAPES), default="iemocap")
    parser.add_argument("--mode", choices=("train", "eval"), default="train")
    parser.add_argument("--hidden", type=int, default=1024)
    parser.add_argument("--dialogues", type=int, help="repeats or cuts the list of the shape")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--masks", choices=masks, default=masks[0], help="how dropout masks are drawn")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def random_batch(shape, count):
    """Lengths, features, speakers and labels of a batch, rows packed one dialogue after another."""
    listed = shape["lengths"]
    lengths = [listed[i % len(listed)] for i in range(count or len(listed))]
    rows = sum(lengths)
    features = {m: torch.randn(rows, width) for m, width in shape["dims"].items()}
    speakers = torch.randint(shape["speakers"], (rows,))
    labels = torch.randint(shape["classes"], (rows,))
    return lengths, features, speakers, labels


def main(name, description, models):
    """Times one of `models`, {how masks are drawn: class}. `Class(shape, H, batch)` has `parameters` (a dict),
    `loss(batch)` for a training step's forward pass and `evaluate(batch)` for inference with its losses."""
    given = arguments(description, list(models))
    torch.set_num_threads(given.threads)
    torch.manual_seed(1)
    shape, H = SHAPES[given.shape], given.hidden
    batch = random_batch(shape, given.dialogues)
    model = models[given.masks](shape, H, batch)
    optimizer = torch.optim.Adam(model.parameters.values(), lr=1e-4, weight_decay=1e-5, foreach=True)

    def train():
        optimizer.zero_grad(set_to_none=True)
        loss = model.loss(batch)
        loss.backward()
        optimizer.step()
        return loss.item()

    def evaluate():
        with torch.no_grad():
            return model.evaluate(batch).item()

    once = train if given.mode == "train" else evaluate
    once()                                              # warm-up: allocations, the optimiser's moments
    seconds = []
    for _ in range(given.repeat):
        start = time.perf_counter()
        value = once()
        seconds.append(time.perf_counter() - start)
    assert math.isfinite(value)
    peak = peak_host_mib()
    rate = gemm_rate(H, len(batch[2]))
    rows, ordered = len(batch[2]), sorted(seconds)
    median = percentile(ordered, 0.5)
    flops = step_flops(shape, H, rows, given.mode == "train")
    step = {
        "masks": given.masks, "shape": given.shape, "mode": given.mode, "hidden": H, "dialogues": len(batch[0]), "utterances": rows,
        "utterances_per_second": rows / median,
        "seconds": {"median": median, "p10": percentile(ordered, 0.1), "p90": percentile(ordered, 0.9), "n": len(ordered)},
        "samples": seconds,
        "gflop": flops * 1e-9,
        "best_gflops": rate,
        "gemm_roofline_fraction": flops / (median * rate * 1e9),
        "peak_host_mib": peak, "device_mib": None,
    }
    device = {"name": f"{platform.machine()}, {given.threads} threads", "driver": f"PyTorch {torch.__version__}"}
    if given.json:
        print(json.dumps({"program": name, "devices": [{"device": device, "step": [step]}]}, indent=2))
    else:
        print(f"{name} {device['driver']}, {given.threads} threads: {given.shape} {given.mode} H={H}, {rows} utterances: "
              f"{median:.3f} s a step, {rows / median:.1f} utterances/s, {step['gemm_roofline_fraction']:.0%} of its own "
              f"GEMM rate ({rate:.0f} GFLOP/s), peak {peak:.0f} MiB")
