# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The last layer of networks that act: one function scores all choices of a head by the features that describe them.

Axes: F features, C choices of all heads, n choices of one head; W is the width of hidden layers; ``...`` leading axes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from ns3marl.types import Group

MakeLinear = Callable[..., nn.Module]  # inputs, outputs, gain


def choice_features(group: Group) -> dict[int, list[list[int]]]:
    """Features that describe the choices of a discrete head, by ``Feature.describes``.

    A head is described if every one of its two or more choices has the same quantities.

    Returns:
        For each described discrete head: its choices' feature indices, [n][quantities].
    """
    found: dict[int, list[list[int]]] = {}
    for d, head in enumerate(group.discrete_heads):
        rows: list[dict[str, int]] = [{} for _ in head.choices]
        for f, feature in enumerate(group.features):
            if feature.describes is not None and feature.describes.head == d:
                rows[feature.describes.choice][feature.describes.quantity] = f
        if len(rows) > 1 and rows[0] and all(row.keys() == rows[0].keys() for row in rows):
            found[d] = [[row[quantity] for quantity in rows[0]] for row in rows]
    return found


class ChoiceScorer(nn.Module):
    """Scores every choice of a head by the same function of its own features f: w(h) . [f, f^2], weights w that the trunk sets.

    Args:
        features: Of each choice, [n][quantities]; see ``choice_features``.
        width: W.
        make: Makes its layer.
        gain: Of its initial weights.
    """

    index: Tensor

    def __init__(self, features: Sequence[Sequence[int]], width: int, make: MakeLinear, gain: float) -> None:
        super().__init__()
        self.register_buffer("index", torch.tensor(features))  # [n, quantities]
        self.weigh = make(width, 2 * len(features[0]), gain)
        self.all_choices = False  #: score every choice, without looking at masks

    def forward(self, scores: Tensor, masks: Tensor, hidden: Tensor, scaled: Tensor) -> Tensor:
        """Adds the scores of the choices that at least one mask allows; with ``all_choices`` of all, so the host does not wait for the device.

        Args:
            scores: Scores of the head so far, [..., n].
            masks: Allowed choices, [..., n], leading axes in any order.
            hidden: Output of the trunk, [..., W].
            scaled: Scaled observation, [..., F].
        """
        if self.all_choices:
            choices = torch.arange(len(self.index), device=masks.device)
        else:
            choices = masks.flatten(0, -2).any(0).nonzero().squeeze(-1)
        own = self.features(scaled, choices)
        weights = self.weigh(hidden).to(own.dtype)
        added = own @ weights[..., None]
        return scores.index_add(-1, choices, added.squeeze(-1).to(scores.dtype))

    def features(self, scaled: Tensor, choices: Tensor | None = None) -> Tensor:
        """The features of some or all choices and their squares, [..., c, 2 quantities]; scaled observations are [..., F]."""
        index = self.index if choices is None else self.index[choices]  # [c, quantities]
        own = scaled.index_select(-1, index.flatten()).view(*scaled.shape[:-1], *index.shape)
        return torch.cat([own, own**2], -1)


class HeadOutputs(nn.Module):
    """A linear layer on the trunk's hidden units, with a ``ChoiceScorer`` for every head whose choices are described.

    Policies use its outputs as logits, learners of values as advantages of choices.

    Args:
        group: The agents' layout of observation and action; its discrete heads come first among the outputs.
        outputs: Number of outputs: choices of all heads, and further outputs.
        width: W.
        make: Makes its layers.
        gain: Of their initial weights.
    """

    def __init__(self, group: Group, outputs: int, width: int, make: MakeLinear, gain: float) -> None:
        super().__init__()
        self.ends = list(group.mask_offsets[1:])
        self.linear = make(width, outputs, gain)
        self.scorers = nn.ModuleDict(
            {str(d): ChoiceScorer(index, width, make, gain) for d, index in choice_features(group).items()}
        )

    def forward(self, hidden: Tensor, scaled: Tensor, masks: Tensor) -> Tensor:
        """Outputs [..., outputs], in the observation's precision.

        Args:
            hidden: [..., W].
            scaled: Scaled observation, [..., F].
            masks: Allowed choices of the group's discrete heads, [..., C] or longer.
        """
        parts = list(self.linear(hidden).to(scaled.dtype).tensor_split(self.ends, -1))
        allowed = masks.tensor_split(self.ends, -1)
        for d, scorer in self.scorers.items():
            parts[int(d)] = scorer(parts[int(d)], allowed[int(d)], hidden, scaled)
        return torch.cat(parts, -1)
