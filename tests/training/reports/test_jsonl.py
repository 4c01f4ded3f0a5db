import json
import math

import pytest
import torch

from charrnn.training.metric_accumulator import MetricAccumulator
from charrnn.training.reports.jsonl import JsonlLogger


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_every_line_is_json_whatever_the_metrics(tmp_path, value):
    log = JsonlLogger(tmp_path)
    log.on_epoch({"epoch": 1, "gradient_norm": value}, MetricAccumulator(), torch.nn.Identity())

    def refuse(constant):
        raise ValueError(f"{constant} is no JSON")

    (line,) = log.path.read_text("utf-8").splitlines()
    assert json.loads(line, parse_constant=refuse) == {"epoch": 1, "gradient_norm": None}
