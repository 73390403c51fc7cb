# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""TorchRL's MAPPO on aiot-mec: decentralised actors that share their weights, a critic that sees all devices.

    pip install -r examples/requirements-torchrl.txt
    python examples/torchrl_mappo.py

Each device's heads become one Discrete, whose mask the policy takes into account: no masked choice is ever played, which
``masked_choices="refuse"`` proves.
"""

from __future__ import annotations

import argparse

import torch
from tensordict.nn import TensorDictModule
from torchrl.envs import PettingZooWrapper
from torchrl.modules import MaskedCategorical, MultiAgentMLP, ProbabilisticActor
from torchrl.objectives import ClipPPOLoss, ValueEstimators

from ns3marl.env.pettingzoo import Ns3ParallelEnv
from ns3marl.env.wrappers import discrete_actions, scaled_observations

GROUP = "agents"
EPOCHS = 4


def make(arguments: list[str], seed: int) -> PettingZooWrapper:
    """One simulator as a TorchRL environment with one group of agents."""
    parallel = Ns3ParallelEnv("aiot-mec", arguments, masked_choices="refuse")
    parallel = discrete_actions(scaled_observations(parallel), levels=2)
    groups = {GROUP: list(parallel.possible_agents)}
    return PettingZooWrapper(parallel, group_map=groups, use_mask=True, seed=seed)


def make_networks(
    environment: PettingZooWrapper, devices: int
) -> tuple[ProbabilisticActor, TensorDictModule]:
    """Actor and critic."""
    features = environment.observation_spec[GROUP, "observation"].shape[-1]
    choices = environment.full_action_spec_unbatched[GROUP, "action"].space.n
    sizes = {
        "n_agents": devices,
        "share_params": True,
        "depth": 2,
        "num_cells": 64,
        "activation_class": torch.nn.Tanh,
    }
    body = MultiAgentMLP(n_agent_inputs=features, n_agent_outputs=choices, centralised=False, **sizes)
    actor = ProbabilisticActor(
        TensorDictModule(body, [(GROUP, "observation")], [(GROUP, "logits")]),
        spec=environment.full_action_spec_unbatched[GROUP, "action"],
        in_keys={"logits": (GROUP, "logits"), "mask": (GROUP, "action_mask")},
        out_keys=[(GROUP, "action")],
        distribution_class=MaskedCategorical,
        return_log_prob=True,
    )
    critic = TensorDictModule(
        MultiAgentMLP(n_agent_inputs=features, n_agent_outputs=1, centralised=True, **sizes),
        [(GROUP, "observation")],
        [(GROUP, "state_value")],
    )
    return actor, critic


def main() -> None:
    """Trains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ticks", type=int, default=20_000)
    parser.add_argument("--devices", type=int, default=5)
    parser.add_argument("--episode", type=int, default=100, help="ticks in an episode, and in an update")
    options = parser.parse_args()
    torch.set_num_threads(1)  # the simulator needs the other cores
    torch.manual_seed(1)
    environment = make([f"--devices={options.devices}", "--servers=2", f"--ticks={options.episode}"], seed=1)
    actor, critic = make_networks(environment, options.devices)
    loss_module = ClipPPOLoss(actor, critic, entropy_coeff=1e-3, normalize_advantage=False)
    loss_module.set_keys(
        reward=(GROUP, "reward"),
        action=(GROUP, "action"),
        value=(GROUP, "state_value"),
        done=(GROUP, "done"),
        terminated=(GROUP, "terminated"),
        sample_log_prob=(GROUP, "action_log_prob"),
    )
    loss_module.make_value_estimator(ValueEstimators.GAE, gamma=0.9, lmbda=0.9)
    optimiser = torch.optim.Adam(loss_module.parameters(), 1e-3)

    for update in range(max(1, options.ticks // options.episode)):
        with torch.no_grad():
            episode = environment.rollout(options.episode, actor, break_when_any_done=True)
            rewards = episode["next", GROUP, "reward"]
            episode["next", GROUP, "reward"] = rewards / 100  # about 1, for the critic's sake
            loss_module.value_estimator(episode)
        for _ in range(EPOCHS):
            losses = loss_module(episode)
            loss = losses["loss_objective"] + losses["loss_critic"] + losses["loss_entropy"]
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(loss_module.parameters(), 0.5)
            optimiser.step()
        print(f"update {update}: reward per tick {rewards.mean():.1f}, loss {loss.item():.3f}", flush=True)
    environment.close()


if __name__ == "__main__":
    main()
