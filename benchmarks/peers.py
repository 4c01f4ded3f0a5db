"""Others' ways of doing it, written anew from their description: what benchmarks compare with."""

from __future__ import annotations

import random

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from torch import nn


class TutorialRNN(nn.Module):
    """The tutorial's cell: letter and state side by side into two linear layers, log-probabilities at every letter."""

    def __init__(self, letters: int, classes: int, hidden: int = 128) -> None:
        super().__init__()
        self.hidden = hidden
        self.to_hidden = nn.Linear(letters + hidden, hidden)
        self.to_label = nn.Linear(letters + hidden, classes)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, letter: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Log-probabilities (1, labels) and the next state (1, hidden)."""
        both = torch.cat([letter, state], 1)
        return self.softmax(self.to_label(both)), self.to_hidden(both)


class TutorialLoop:
    """One name at a time, drawn label first, one-hot letters, gradient steps of 0.005 by hand.

    Args:
        names: to learn from, in ASCII.
        labels: index of each name's label.
        seed: of the weights and the draw.
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
        """Log-probabilities (1, labels) after the last letter; letters never seen are all zeros."""
        line = torch.zeros(len(name), 1, len(self.letters))
        for i, letter in enumerate(name):
            if letter in self.letters:
                line[i, 0, self.letters.find(letter)] = 1
        state = torch.zeros(1, self.model.hidden)
        for step in line:
            scores, state = self.model(step, state)
        return scores

    def train(self, steps: int) -> None:
        """So many names."""
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
