import copy
import math

import numpy as np
import pytest
import torch

from charrnn.errors import NonFiniteLossError
from charrnn.text import Vocabulary
from charrnn.training import modules
from charrnn.training.dataset import LengthBuckets, Loader, NameDataset
from charrnn.training.distributed import DistributedContext
from charrnn.training.metric_accumulator import MetricAccumulator
from charrnn.training.settings import ClassifierSettings, GeneratorSettings
from charrnn.training.trainer import Trainer
from tests.conftest import config, network

VOCABULARY = Vocabulary(config("classifier").alphabet)
NAMES = ["aba", "abba", "bab", "cdc", "dcd", "ccdd", "xyx", "yxy", "xxyy"]
CPU = torch.device("cpu")
SMALL = {"hidden": 8, "embedding": 4, "dropout": 0, "batch_size": 3}


def make_trainer(settings=None, listeners=(), seed=0, context=None, save=lambda state: None):
    settings = settings or ClassifierSettings(hidden=16, embedding=8, dropout=0, batch_size=3, epochs=30)
    torch.manual_seed(seed)
    model = modules.NameClassifier(len(VOCABULARY), 3, **settings.architecture())
    data = NameDataset(NAMES, [0, 0, 0, 1, 1, 1, 2, 2, 2], VOCABULARY.encode)
    train = Loader(data, "classifier", LengthBuckets(data.lengths, settings.batch_size, seed), CPU)
    validation = Loader(data, "classifier", LengthBuckets(data.lengths, 9), CPU)
    return Trainer(model, train, validation, settings, context or DistributedContext(CPU), listeners, save)


def flat(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def validation_of(loss):
    """The sums of a validation pass with this loss."""
    accumulator = MetricAccumulator()
    accumulator.totals = np.array([loss, 1.0, 0.0])
    return accumulator


def test_it_learns_what_can_be_learnt():
    trainer = make_trainer()
    trainer.fit()
    history = trainer.progress.history
    assert history[0]["validation_loss"] > 1
    assert history[-1]["validation_loss"] < 0.1 and history[-1]["accuracy"] == history[-1]["macro_f1"] == 1


def test_a_log_gets_the_first_and_the_last_state_of_the_bar(capsys):
    trainer = make_trainer(ClassifierSettings(**SMALL, epochs=9))
    trainer.fit("some part")
    states = [state for state in capsys.readouterr().err.replace("\r", "\n").split("\n") if state.strip()]
    assert [state.startswith("some part: ") for state in states] == [True, True]
    assert "9/9" in states[1] and "val" in states[1]


def test_with_kinds_it_tells_the_accuracy_of_labels():
    trainer = make_trainer(ClassifierSettings(**SMALL, epochs=1))
    trainer.kind_count = 3  # the three classes are the kinds of one label
    trainer.fit()
    last = trainer.progress.history[-1]
    assert last["accuracy"] == 1 and last["validation_loss"] > 0.5


def test_the_same_seed_gives_the_same_weights():
    trainers = [make_trainer(seed=5), make_trainer(seed=5), make_trainer(seed=6)]
    for trainer in trainers:
        trainer.fit()
    first, second, other = (flat(t.eval_model) for t in trainers)
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_a_step_that_overflows_is_no_part_of_the_mean_norm(monkeypatch):
    """As with fp16, whose loss scale is too large at first; such a step is left out."""
    trainer = make_trainer(ClassifierSettings(**SMALL, epochs=2))
    norms = iter(map(torch.tensor, [math.inf, 1.0, 3.0, math.inf, math.nan, math.inf]))
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda *_: next(norms))
    monkeypatch.setattr(trainer.scaler, "step", lambda optimizer: None)
    trainer.fit()
    first, second = (metrics["gradient_norm"] for metrics in trainer.progress.history)
    assert first == 2 and math.isnan(second) and trainer.progress.overflows == 0


def test_the_best_weights_are_kept_and_patience_stops(monkeypatch):
    trainer = make_trainer(ClassifierSettings(**SMALL, epochs=20, patience=3))
    losses = iter([3.0, 1.0, 2.0, 2.0, 2.0, 0.5])
    snapshots = []

    def evaluate():
        snapshots.append(copy.deepcopy(trainer.model.state_dict()))
        return validation_of(next(losses))

    monkeypatch.setattr(trainer, "evaluate", evaluate)
    trainer.fit()
    assert trainer.progress.epoch == 5 and trainer.progress.best_epoch == 2
    assert all(torch.equal(trainer.eval_model.state_dict()[k], v) for k, v in snapshots[1].items())


def test_a_non_finite_loss_stops_before_the_step_and_names_the_batch():
    trainer = make_trainer()
    real = trainer.model.forward
    calls = []

    def forward(*inputs):
        calls.append(flat(trainer.model))
        return real(*inputs) * (float("nan") if len(calls) == 2 else 1)

    trainer.model.forward = forward
    with pytest.raises(NonFiniteLossError, match="nan at epoch 1, batch 2; the step was not taken"):
        trainer.fit()
    assert torch.equal(flat(trainer.model), calls[1])
    assert not torch.equal(calls[0], calls[1])


def test_gradients_are_clipped():
    trainer = make_trainer(ClassifierSettings(**SMALL, clip=1e-3))
    _, count, norm, names, _ = trainer.step(next(iter(trainer.train)))
    total = torch.linalg.vector_norm(torch.cat([p.grad.flatten() for p in trainer.model.parameters()]))
    assert norm > 1e-3 >= total.item() * 0.999
    assert count == names == 3


def test_the_gradient_is_that_of_the_mean_over_all_targets():
    cfg = config("generator", cell="gru", hidden=6, embedding=4, label_embedding=3)
    model, _ = network(cfg)
    data = NameDataset(NAMES, [0] * 9, VOCABULARY.encode)
    loader = Loader(data, "generator", LengthBuckets(data.lengths, 9), CPU)
    trainer = Trainer(model, loader, None, GeneratorSettings(clip=1e9), DistributedContext(CPU))
    (batch,) = loader
    loss = modules.cross_entropy(model(*batch.inputs), batch.targets) / (sum(data.lengths) + 9)
    expected = torch.autograd.grad(loss, list(model.parameters()))
    total, targets, norm, names, _ = trainer.step(batch)
    assert targets == sum(data.lengths) + 9 and names == 9
    assert total / targets == pytest.approx(loss.item())
    assert norm == pytest.approx(torch.cat([g.flatten() for g in expected]).norm().item(), rel=1e-5)
    assert all(torch.allclose(p.grad, g, atol=1e-7) for p, g in zip(model.parameters(), expected, strict=True))


def test_label_smoothing_spreads_the_target():
    logits = torch.tensor([[2.0, 0.0, -1.0]])
    targets = torch.tensor([0])
    own = -logits.log_softmax(-1)[0]
    expected = 0.9 * own[0] + 0.1 * own.mean()
    assert modules.cross_entropy(logits, targets, 0.1) == pytest.approx(expected.item())
    assert modules.cross_entropy(logits, targets) == pytest.approx(own[0].item())


def test_the_moving_average_is_validated_and_kept():
    trainer = make_trainer(ClassifierSettings(**SMALL, epochs=2, ema=0.9))
    average, batches = None, []
    for batch in trainer.train:
        batches.append(batch)
        trainer.step(batch)
        now = flat(trainer.model)
        average = now if average is None else 0.9 * average + 0.1 * now
    assert len(batches) == 3
    assert torch.allclose(flat(trainer.eval_model), average, atol=1e-6)
    assert not torch.allclose(flat(trainer.eval_model), flat(trainer.model), atol=1e-6)
    (batch,) = trainer.validation
    expected = modules.cross_entropy(trainer.eval_model(*batch.inputs), batch.targets).item() / len(NAMES)
    assert trainer.evaluate().loss == pytest.approx(expected, rel=1e-6)
    trainer.fit()
    kept = torch.cat([trainer.best_weights[name].flatten() for name, _ in trainer.model.named_parameters()])
    assert torch.equal(kept, flat(trainer.eval_model)) and not torch.equal(kept, flat(trainer.model))


def test_every_epoch_has_an_order_of_its_own():
    trainer = make_trainer(ClassifierSettings(**SMALL, epochs=3, patience=0))
    orders, step = [[], [], []], trainer.step

    def record(batch, stop):
        orders[trainer.progress.epoch] += batch.inputs[0].tolist()
        return step(batch, stop)

    trainer.step = record
    trainer.fit()
    assert len({str(sorted(order)) for order in orders}) == 1 and len({str(order) for order in orders}) == 3


def test_bfloat16_computes_nearly_the_same_loss():
    exact, rough = (
        make_trainer(context=DistributedContext(CPU, precision=precision)).step(next(iter(make_trainer().train)))[0]
        for precision in ("fp32", "bf16")
    )
    assert exact != rough and rough == pytest.approx(exact, rel=0.02)


def test_the_state_holds_all_that_the_next_step_depends_on():
    settings = ClassifierSettings(**SMALL | {"dropout": 0.4}, epochs=6, ema=0.8, save_every=2, lr_patience=0)
    states = []
    trainer = make_trainer(settings, save=lambda state: states.append(copy.deepcopy(state)))
    trainer.fit()
    assert len(states) > 6
    for state in states[:-1]:
        torch.manual_seed(99)
        again = make_trainer(settings, seed=0)
        again.load_state_dict(copy.deepcopy(state))
        again.fit()
        assert torch.equal(flat(again.eval_model), flat(trainer.eval_model))
        losses = [[h["train_loss"] for h in t.progress.history] for t in (trainer, again)]
        assert losses[0] == losses[1]


def forget(key):
    return lambda state, fresh: state.update({key: fresh[key]})


def set_progress(**values):
    return lambda state, fresh: state["progress"].update(values)


LEFT_OUT = {
    "model": forget("model"),
    "moving average": forget("ema"),
    "optimizer": forget("optimizer"),
    "schedule": forget("schedule"),
    "best weights": forget("best_weights"),
    "best loss": set_progress(best_loss=float("inf")),
    "epoch": set_progress(epoch=2),
    "position in the epoch": set_progress(step=0),
    "random state": lambda state, fresh: state.update(rng=[{"cpu": torch.Generator().manual_seed(1).get_state()}]),
}


@pytest.mark.parametrize("part", LEFT_OUT)
def test_a_state_without_any_of_its_parts_gives_another_result(part, monkeypatch):
    # With these validation losses the best epoch is the second, and plateau cuts after the fourth.
    losses = [3.0, 1.0, 2.0, 2.5, 2.6]
    monkeypatch.setattr(Trainer, "evaluate", lambda self: validation_of(losses[self.progress.epoch]))
    settings = ClassifierSettings(**SMALL | {"dropout": 0.4}, epochs=5, patience=0, ema=0.9, save_every=2)

    def outcome(state=None):
        states = []
        trainer = make_trainer(settings, save=lambda state: states.append(copy.deepcopy(state)))
        fresh = copy.deepcopy(trainer.state_dict())
        if state:
            trainer.load_state_dict(copy.deepcopy(state))
        trainer.fit()
        tensors = [t for part in ("model", "ema", "best_weights") for t in states[-1][part].values()]
        return torch.cat([t.flatten().double() for t in tensors]), states, fresh

    result, states, fresh = outcome()
    state = next(s for s in states if (s["progress"]["epoch"], s["progress"]["step"]) == (3, 2))
    assert torch.equal(outcome(state)[0], result)
    LEFT_OUT[part](state, fresh)
    assert not torch.equal(outcome(state)[0], result)


def test_listeners_are_called_after_every_epoch_and_at_the_end():
    class Recorder:
        def __init__(self):
            self.calls = []

        def on_epoch(self, metrics, validation, model):
            assert validation.loss == metrics["validation_loss"] and not model.training
            self.calls.append(metrics)

        def on_end(self, model):
            self.calls.append(flat(model))

    recorder = Recorder()
    trainer = make_trainer(ClassifierSettings(**SMALL, epochs=3), [recorder])
    trainer.fit()
    assert recorder.calls[:-1] == trainer.progress.history
    assert [metrics["epoch"] for metrics in recorder.calls[:-1]] == [1, 2, 3]
    assert torch.equal(recorder.calls[-1], flat(trainer.eval_model))


def test_without_validation_all_epochs_are_run_and_the_last_weights_kept():
    trainer = make_trainer(ClassifierSettings(**SMALL, epochs=4, patience=1))
    trainer.validation = None
    trainer.fit()
    assert trainer.progress.epoch == trainer.progress.best_epoch == 4
    assert "validation_loss" not in trainer.progress.history[0]
    assert all(torch.equal(w, trainer.eval_model.state_dict()[name]) for name, w in trainer.best_weights.items())


def test_fewer_epochs_than_a_one_cycle_schedule_is_spread_over():
    settings = ClassifierSettings(**SMALL, epochs=4, schedule="one-cycle", patience=0)
    whole, part = make_trainer(settings), make_trainer(settings)
    part.epochs = 2
    whole.fit()
    part.fit()
    assert part.progress.epoch == 2
    rates = [[metrics["learning_rate"] for metrics in t.progress.history] for t in (whole, part)]
    assert rates[1] == rates[0][:2]
