import numpy as np
import pytest

from charrnn.inference.recurrent import SCALES, Recurrent, _exp_plus_1, _tanh

HIDDEN, INPUTS = 3, 2
EXTREME = np.array([-3e38, -1e4, -89, -88, -1e-30, 0, 1e-30, 88, 89, 1e4, 3e38], np.float32)


def layer(cell, scale=0.5):
    rng, rows = np.random.default_rng(0), len(SCALES[cell]) * HIDDEN
    shapes = {"weight_ih_l0": (rows, INPUTS), "weight_hh_l0": (rows, HIDDEN), "bias_ih_l0": rows, "bias_hh_l0": rows}
    weights = {f"x.{name}": rng.normal(0, scale, shape).astype(np.float32) for name, shape in shapes.items()}
    return Recurrent(cell, weights, "x", HIDDEN, INPUTS)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("cell", SCALES)
def test_extreme_inputs_saturate_gates_without_a_warning(cell):
    own = layer(cell)
    inputs = np.random.default_rng(1).choice(EXTREME, (500, len(SCALES[cell]) * HIDDEN))
    state = own.initial_state(len(inputs))
    for _ in range(4):
        state = own.step(inputs, state)
        assert state.dtype == np.float32 and np.isfinite(state).all()
        assert np.abs(state[:, :HIDDEN]).max() <= 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("cell", SCALES)
def test_large_weights_saturate_gates_without_a_warning(cell):
    own = layer(cell, scale=1e4)
    state = own.initial_state(50)
    for i in range(4):
        chars = np.random.default_rng(i).normal(0, 1, (50, INPUTS)).astype(np.float32)
        state = own.step(chars @ own.input_weights + own.bias, state)
        assert np.isfinite(state).all() and np.abs(state[:, :HIDDEN]).max() <= 1


def test_sigmoid_and_tanh_through_exp_are_those_of_numpy():
    x = np.concatenate([np.linspace(-30, 30, 5001), EXTREME]).astype(np.float32)
    with np.errstate(over="ignore"):
        tanh, sigmoid = _tanh(2 * x), 1 / _exp_plus_1(-x)
        expected = 1 / (1 + np.exp(-x.astype(np.float64)))
    assert np.abs(tanh - np.tanh(x.astype(np.float64))).max() < 3e-7
    assert np.abs(sigmoid - expected).max() < 3e-7
