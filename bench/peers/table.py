#!/usr/bin/env python3
"""The table of bench/compare.sh: reads the JSON of every run in a folder, NAME-SHAPE-MODE-HIDDEN-ROUND.json."""
import json
import pathlib
import re
import statistics
import sys

PROGRAM = "safsd-cl"


def read(folder):
    """{(shape, mode, hidden): {name: {round: step}}}, and what each name ran on"""
    cases, devices = {}, {}
    for path in sorted(pathlib.Path(folder).glob("*.json")):
        match = re.fullmatch(r"(.+)-(\w+)-(train|eval)-(\d+)-(\d+)\.json", path.name)
        if not match:
            continue
        name, shape, mode, hidden, number = match.groups()
        entry = json.loads(path.read_text())["devices"][0]
        runs = cases.setdefault((shape, mode, int(hidden)), {}).setdefault(name, {})
        runs[int(number)] = entry["step"][0]
        devices[name] = f"{entry['device']['name']}, {entry['device']['driver']}"
    return cases, devices


def median(runs, value):
    return statistics.median(value(step) for step in runs.values())


def main():
    cases, devices = read(sys.argv[1])
    if not cases:
        sys.exit(f"there is no run in {sys.argv[1]}")
    print("s: median of a step; of GEMM: the FLOP of the step's matrix products by its time and the rate of the\n"
          "fastest single product of the same program; ratio: time of a peer by that of the program, same round\n")
    print(f"{'':22} {'':12} {'s':>8} {'utt/s':>8} {'of GEMM':>8} {'GFLOP/s':>8} {'peak MiB':>9} {'ratio':>7}  lowest-highest")
    for (shape, mode, hidden), named in sorted(cases.items()):
        ours = named.get(PROGRAM, {})
        for name, runs in sorted(named.items(), key=lambda item: item[0] != PROGRAM):
            rate = median(runs, lambda s: s["best_gflops"])
            line = f"{shape + ' ' + mode + ' H=' + str(hidden):22} {name:12}" \
                   f" {median(runs, lambda s: s['seconds']['median']):8.3f}" \
                   f" {median(runs, lambda s: s['utterances_per_second']):8.1f}" \
                   f" {median(runs, lambda s: s['gemm_roofline_fraction']):8.2f} {rate:8.1f}" \
                   f" {median(runs, lambda s: s['peak_host_mib']):9.0f}"
            ratios = [runs[i]["seconds"]["median"] / ours[i]["seconds"]["median"] for i in runs if i in ours]
            if name != PROGRAM and ratios:
                line += f" {statistics.median(ratios):7.2f}  {min(ratios):.2f}-{max(ratios):.2f}"
            print(line)
    print()
    for name, device in devices.items():
        print(f"{name}: {device}")


if __name__ == "__main__":
    main()
