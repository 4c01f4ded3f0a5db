"""Load by wrk, whose one thread takes less of the processors than any generator in Python. It needs to be installed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

SCRIPT = """
local bodies, i, threads = {}, 0, {}
function setup(thread) table.insert(threads, thread) end
function init(arguments)
    refused, errors, other = 0, 0, 0
    for line in io.lines(arguments[1]) do
        bodies[#bodies + 1] = wrk.format("POST", nil, {["Content-Type"] = "application/json"}, line)
    end
end
function request() i = i % #bodies + 1; return bodies[i] end
function response(status)
    if status == 429 then refused = refused + 1
    elseif status >= 500 then errors = errors + 1
    elseif status ~= 200 then other = other + 1 end
end
function done(summary, latency)
    local e, figures = summary.errors, {summary.requests, summary.duration / 1e6}
    for _, percent in ipairs({50, 95, 99}) do figures[#figures + 1] = latency:percentile(percent) / 1e3 end
    for _, count in ipairs({"refused", "errors", "other"}) do
        local sum = 0
        for _, thread in ipairs(threads) do sum = sum + thread:get(count) end
        figures[#figures + 1] = sum
    end
    figures[#figures + 1] = e.connect + e.read + e.write + e.timeout
    io.write("FIGURES ", table.concat(figures, " "), "\\n")
end
"""


def closed_loop(port: int, clients: int, seconds: float, path: str, bodies: Sequence[str]) -> dict[str, float]:
    """The figures of a closed loop of wrk, in one thread, which goes through the bodies in turn."""
    with tempfile.TemporaryDirectory() as folder:
        script, lines = Path(folder, "load.lua"), Path(folder, "bodies")
        script.write_text(SCRIPT)
        lines.write_text("\n".join(bodies) + "\n", encoding="utf-8")
        options = ["-t1", f"-c{clients}", f"-d{max(1, round(seconds))}s", "--timeout", "30s", "-s", str(script)]
        command = ["wrk", *options, f"http://127.0.0.1:{port}{path}", "--", str(lines)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 60)
    line = next(line for line in done.stdout.splitlines() if line.startswith("FIGURES"))
    answers, taken, p50, p95, p99, refused, errors, other, broken = map(float, line.split()[1:])
    return {
        "per second": round((answers - refused - errors - other) / taken, 1),
        "p50 ms": round(p50, 2),
        "p95 ms": round(p95, 2),
        "p99 ms": round(p99, 2),
        "429": int(refused),
        "5xx": int(errors),
        "failed": int(other + broken),
    }


def is_installed() -> bool:
    """Whether wrk is."""
    return shutil.which("wrk") is not None
