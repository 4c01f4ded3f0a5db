"""Models that the benchmarks compare with, written anew after their published description."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from torch import nn


class TutorialRNN(nn.Module):
    """The tutorial's cell: letter and state, concatenated, into two linear layers; log-probabilities at every letter.

    It has the tanh of the tutorial's later revision, without which training diverged on some of the splits.
    """

    def __init__(self, letters: int, classes: int, hidden: int = 128) -> None:
        super().__init__()
        self.hidden = hidden
        self.to_hidden = nn.Linear(letters + hidden, hidden)
        self.to_label = nn.Linear(letters + hidden, classes)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, letter: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Log-probabilities (1, labels) and the next state (1, hidden)."""
        both = torch.cat([letter, state], 1)
        return self.softmax(self.to_label(both)), torch.tanh(self.to_hidden(both))


class TutorialLoop:
    """One name at a time, drawn label first; one-hot letters; gradient steps of 0.005 by hand.

    Args:
        names: to train on, in ASCII.
        labels: index of each name's label.
        seed: of the weights and of the names drawn.
    """

    def __init__(self, names: list[str], labels: list[int], seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.letters = "".join(sorted(set("".join(names))))
        self.by_label: list[list[str]] = [[] for _ in range(max(labels) + 1)]
        for name, label in zip(names, labels, strict=True):
            self.by_label[label].append(name)
        self.model, self.criterion = TutorialRNN(len(self.letters), len(self.by_label)), nn.NLLLoss()
        self.draw = random.Random(seed)

    def read(self, name: str) -> torch.Tensor:
        """Log-probabilities (1, labels) after the last letter; unknown letters are zero vectors."""
        line = torch.zeros(len(name), 1, len(self.letters))
        for i, letter in enumerate(name):
            if letter in self.letters:
                line[i, 0, self.letters.find(letter)] = 1
        state = torch.zeros(1, self.model.hidden)
        for step in line:
            scores, state = self.model(step, state)
        return scores

    def train(self, steps: int) -> None:
        """Train on ``steps`` names."""
        for _ in range(steps):
            label = self.draw.randrange(len(self.by_label))
            name = self.draw.choice(self.by_label[label])
            self.model.zero_grad()
            loss = self.criterion(self.read(name), torch.tensor([label]))
            loss.backward()
            for parameter in self.model.parameters():
                parameter.data.add_(parameter.grad.data, alpha=-0.005)
            loss.item()

    @torch.no_grad()
    def probabilities(self, names: list[str]) -> NDArray[np.float64]:
        """p(label | name), (names, labels)."""
        return torch.cat([self.read(name) for name in names]).double().exp().numpy()


class LogisticNGrams:
    """TF-IDF of character 1- to 5-grams into multinomial logistic regression, C = 30."""

    def __init__(self, names: list[str], labels: list[int], label_count: int) -> None:
        self.label_count = label_count
        self.vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 5), sublinear_tf=True, lowercase=False)
        features = self.vectorizer.fit_transform([f" {name} " for name in names])
        self.model = LogisticRegression(C=30, max_iter=300).fit(features, labels)

    def probabilities(self, names: list[str]) -> NDArray[np.float64]:
        """p(label | name), (names, labels)."""
        result = np.zeros((len(names), self.label_count))
        result[:, self.model.classes_] = self.model.predict_proba(
            self.vectorizer.transform([f" {name} " for name in names])
        )
        return result


def makemore_split(path: Path) -> tuple[list[str], list[str]]:
    """makemore's own split of its names: 31,033 for training, 1,000 held out; some names are in both."""
    names = [line.strip() for line in path.read_text().splitlines() if line.strip()]
    order = torch.randperm(len(names), generator=torch.Generator().manual_seed(3407)).tolist()
    return [names[i] for i in order[:-1000]], [names[i] for i in order[-1000:]]


class MakemoreGRU:
    """A GRU cell of linear layers, 64 units, batches of 32 padded to the longest name of all, AdamW.

    Args:
        names: to train on.
        seed: of the weights and of the names drawn.
    """

    def __init__(self, names: list[str], seed: int = 3407) -> None:
        torch.manual_seed(seed)
        self.letters = sorted(set("".join(names)))
        self.longest = max(map(len, names)) + 1
        self.codes, self.targets = self.encode(names)
        size = len(self.letters) + 1
        self.embed, self.start = nn.Embedding(size, 64), nn.Parameter(torch.zeros(1, 64))
        self.update, self.reset, self.new = (nn.Linear(128, 64) for _ in range(3))
        self.head = nn.Linear(64, size)
        modules = (self.embed, self.update, self.reset, self.new, self.head)
        parameters = [self.start, *(p for module in modules for p in module.parameters())]
        self.optimizer = torch.optim.AdamW(parameters, 5e-4, weight_decay=0.01, betas=(0.9, 0.99))

    def encode(self, names: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs and targets, (B, T) each; the end is 0, padding of targets -1."""
        codes = torch.zeros(len(names), self.longest, dtype=torch.long)
        targets = torch.full((len(names), self.longest), -1)
        for row, name in enumerate(names):
            own = torch.tensor([self.letters.index(c) + 1 for c in name])
            codes[row, 1 : len(name) + 1] = targets[row, : len(name)] = own
            targets[row, len(name)] = 0
        return codes, targets

    def logits(self, codes: torch.Tensor) -> torch.Tensor:
        """(B, T, letters + 1)."""
        inputs, state, states = self.embed(codes), self.start.expand(len(codes), -1), []
        for t in range(codes.shape[1]):
            both = torch.cat([inputs[:, t], state], 1)
            z, r = torch.sigmoid(self.update(both)), torch.sigmoid(self.reset(both))
            state = (1 - z) * state + z * torch.tanh(self.new(torch.cat([inputs[:, t], r * state], 1)))
            states.append(state)
        return self.head(torch.stack(states, 1))

    def train(self, steps: int) -> None:
        """Train on ``steps`` batches."""
        for _ in range(steps):
            rows = torch.randint(len(self.codes), (32,))
            logits = self.logits(self.codes[rows])
            loss = F.cross_entropy(logits.flatten(0, 1), self.targets[rows].flatten(), ignore_index=-1)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

    @torch.no_grad()
    def nats_per_char(self, names: list[str]) -> float:
        """Mean over all characters of the names, their ends included."""
        codes, targets = self.encode(names)
        return F.cross_entropy(self.logits(codes).flatten(0, 1), targets.flatten(), ignore_index=-1).item()

    @torch.no_grad()
    def sample(self, count: int) -> list[str]:
        """Names sampled in one batch; as in makemore, each step reads all letters so far again."""
        codes = torch.zeros(count, 1, dtype=torch.long)
        for _ in range(self.longest):
            p = torch.softmax(self.logits(codes)[:, -1], -1)
            codes = torch.cat([codes, torch.multinomial(p, 1)], 1)
        spelled = ["".join(self.letters[c - 1] if c else "\n" for c in row) for row in codes[:, 1:].tolist()]
        return [name.split("\n")[0] for name in spelled]
