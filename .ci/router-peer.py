"""router-peer.py CONFIG: a Valhalla that runs on and answers with routes that start now, by its live speeds.

Reads lines `longitude,latitude longitude,latitude`, from and to. Answers each with a line `route seconds shape`,
the shape as `longitude latitude` pairs, all divided by spaces; or `failed` and why.
"""

import json
import sys

import valhalla


def places(shape):
    """The places of an encoded polyline with six digits."""
    numbers, value, shift = [], 0, 0
    for byte in shape.encode():
        value |= (byte - 63 & 31) << shift
        shift += 5
        if byte - 63 < 32:
            numbers.append(~(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    latitude = longitude = 0
    for north, east in zip(numbers[::2], numbers[1::2]):
        latitude, longitude = latitude + north, longitude + east
        yield f"{longitude / 1e6:.6f} {latitude / 1e6:.6f}"


router = valhalla.Actor(sys.argv[1])
for line in sys.stdin:
    locations = [dict(zip(("lon", "lat"), map(float, place.split(",")))) for place in line.split()]
    request = {
        "locations": locations,
        "costing": "auto",
        "costing_options": {"auto": {"speed_types": ["freeflow", "constrained", "predicted", "current"]}},
        "date_time": {"type": 0},
        "directions_type": "none",
    }
    try:
        leg = json.loads(router.route(json.dumps(request)))["trip"]["legs"][0]
        print("route", leg["summary"]["time"], *places(leg["shape"]), flush=True)
    except RuntimeError as error:
        print("failed", error, flush=True)
