"""accuracy-peer.py CONFIG TRACKS [ERRORS]: matches each route of a file with Valhalla and prints the error and the speed.

ERRORS has our own errors by cell: where ours is above Valhalla's, that is said, and the exit status is 1.
"""

import collections
import json
import os
import sys
import time

import valhalla

actor = valhalla.Actor(sys.argv[1])
missed = extra = total = seconds = 0.0
points = failed = 0
with open(sys.argv[2]) as file:
    for line in file:
        track = json.loads(line)
        balance = collections.Counter()
        for way, forward, metres in track["truth"]:
            balance[way, forward] += metres
            total += metres
        request = {
            "shape": [{"lat": p[0], "lon": p[1], "time": p[2]} for p in track["points"]],
            "costing": "auto",
            "shape_match": "map_snap",
            "filters": {"attributes": ["edge.way_id", "edge.length", "edge.forward"], "action": "include"},
        }
        points += len(request["shape"])
        started = time.perf_counter()
        try:
            edges = actor.trace_attributes(request)["edges"]
        except valhalla.ValhallaError if hasattr(valhalla, "ValhallaError") else RuntimeError:
            edges = []
            failed += 1
        seconds += time.perf_counter() - started
        for edge in edges:
            balance[edge["way_id"], int(bool(edge.get("forward")))] -= 1000 * edge["length"]
        missed += sum(value for value in balance.values() if value > 0)
        extra -= sum(value for value in balance.values() if value < 0)

cell = os.path.basename(sys.argv[2]).removesuffix(".jsonl")
driving, sampling, noise = cell.split("-")
peer = 100 * (missed + extra) / total
ours = None
if len(sys.argv) > 3:
    with open(sys.argv[3]) as file:
        ours = next((entry["percent"] for entry in map(json.loads, file) if entry["cell"] == cell), None)
print(
    f"  {driving}, {sampling} s, {noise} m: {peer:.2f} ({100 * (1 - missed / total):.2f} right),"
    f" {points / seconds:,.0f} points/s"
    + (f", {failed} routes without an answer" if failed else "")
    + (f", ours {ours:.2f}" if ours is not None else "")
    + (": ABOVE VALHALLA'S" if ours is not None and ours > peer else "")
)
sys.exit(1 if ours is not None and ours > peer else 0)
