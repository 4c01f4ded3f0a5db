import copy

import pytest
import torch

from charrnn.errors import NonFiniteLossError
from charrnn.text import Vocabulary
from charrnn.training import modules
from charrnn.training.dataset import NameDataset, make_loader
from charrnn.training.settings import ClassifierSettings
from charrnn.training.trainer import Trainer, parameter_groups
from tests.conftest import config

VOCABULARY = Vocabulary(config("classifier").alphabet)
NAMES = ["aba", "abba", "bab", "cdc", "dcd", "ccdd", "xyx", "yxy", "xxyy"]
CPU = torch.device("cpu")


def make_trainer(settings=None, listeners=(), seed=0):
    settings = settings or ClassifierSettings(hidden=16, embedding=8, dropout=0, batch_size=3, epochs=30)
    torch.manual_seed(seed)
    model = modules.NameClassifier(len(VOCABULARY), 3, **settings.architecture())
    data = NameDataset(NAMES, [0, 0, 0, 1, 1, 1, 2, 2, 2], VOCABULARY.encode)
    return Trainer(
        model, make_loader(data, "classifier", 3, seed), make_loader(data, "classifier", 9), settings, CPU, listeners
    )


def test_it_learns_what_can_be_learnt():
    history = make_trainer().fit()
    assert history[0].validation_loss > 1
    assert history[-1].validation_loss < 0.1 and history[-1].validation_accuracy == 1


def test_the_same_seed_gives_the_same_weights():
    trainers = [make_trainer(seed=5), make_trainer(seed=5), make_trainer(seed=6)]
    for trainer in trainers:
        trainer.fit()
    first, second, other = (torch.cat([p.flatten() for p in t.model.parameters()]) for t in trainers)
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_the_best_weights_are_kept_and_patience_stops():
    settings = ClassifierSettings(hidden=8, embedding=4, dropout=0, epochs=20, patience=3)
    trainer = make_trainer(settings)
    losses = iter([3.0, 1.0, 2.0, 2.0, 2.0, 0.5])
    snapshots = []

    def evaluate():
        snapshots.append(copy.deepcopy(trainer.model.state_dict()))
        return next(losses), 0.0

    trainer.evaluate = evaluate
    history = trainer.fit()
    assert len(history) == 5 and trainer.best_epoch == 2
    assert all(torch.equal(trainer.model.state_dict()[k], v) for k, v in snapshots[1].items())


def test_a_plateau_cuts_the_learning_rate():
    trainer = make_trainer(ClassifierSettings(hidden=8, embedding=4, epochs=6, lr_patience=1, patience=0))
    trainer.evaluate = lambda: (1.0, 0.0)
    rates = [epoch.learning_rate for epoch in trainer.fit()]
    assert rates[0] == rates[2] == 2e-3
    assert rates[3] == pytest.approx(2e-3 * 0.4)


def test_a_non_finite_loss_stops_before_the_step():
    trainer = make_trainer()
    before = copy.deepcopy(trainer.model.state_dict())
    real = trainer.model.forward
    trainer.model.forward = lambda *inputs: real(*inputs) * float("nan")
    with pytest.raises(NonFiniteLossError, match="nan at epoch 1, batch 0"):
        trainer.fit()
    assert all(torch.equal(trainer.model.state_dict()[k], v) for k, v in before.items())


def test_gradients_are_clipped():
    trainer = make_trainer(ClassifierSettings(hidden=8, embedding=4, clip=1e-3))
    batch = next(iter(trainer.train))
    _, norm, count = trainer.step(batch, 1, 0)
    total = torch.linalg.vector_norm(torch.cat([p.grad.flatten() for p in trainer.model.parameters()]))
    assert norm > 1e-3 >= total.item() * 0.999
    assert count == 3


def test_only_matrices_decay():
    model = modules.NameClassifier(10, 3, "gru", 4, 4)
    decays, spared = parameter_groups(model, 0.1)
    assert len(decays["params"]) + len(spared["params"]) == len(list(model.parameters()))
    assert all(p.ndim == 2 and p is not model.embed.weight for p in decays["params"])
    assert (decays["weight_decay"], spared["weight_decay"]) == (0.1, 0.0)


def test_listeners_are_told_of_every_epoch():
    class Recorder:
        def __init__(self):
            self.epochs = []

        def on_epoch(self, epoch):
            self.epochs.append(epoch)

    recorder = Recorder()
    history = make_trainer(ClassifierSettings(hidden=4, embedding=4, epochs=3), [recorder]).fit()
    assert recorder.epochs == history and [e.number for e in history] == [1, 2, 3]
