# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The off-policy learners: DQN beside another implementation, all three on cooperative games, and where independence fails."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium_pool import CARTPOLE, GymnasiumPool
from poles import ENVS, balance, not_worse, peer_balance
from slot_game import SlotGame
from stable_baselines3 import DQN
from toy_game import ToyPool, mean_reward

from ns3marl.algorithms import registry
from ns3marl.algorithms.dqn import DqnOptions
from ns3marl.algorithms.imappo import ImappoOptions
from ns3marl.algorithms.iql import IqlOptions
from ns3marl.algorithms.maddpg import MaddpgOptions
from ns3marl.games.cooperative import ChannelGame, SignalGame
from ns3marl.games.team import TeamPool
from ns3marl.launch.environments import Environments
from ns3marl.rl.policy import action_generators
from ns3marl.rl.team import Team


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def train(learner: Team, pool: Environments, ticks: int) -> None:
    """Plays and learns for a number of ticks, summed over environments."""
    batch = pool.reset()
    for _ in range(ticks // pool.num_envs):
        batch = pool.step(learner.explore(batch, action_generators(batch)))
        learner.learn(batch)


# ------------------------------------------------------------------------------------------------------------ a known task

TICKS, WARMUP, DECAY, TICKS_PER_STEP, TARGET_STEPS = 6000, 800, 2000, 4, 50


def ours(seed: int) -> float:
    """Balance of branching DQN, here of one branch."""
    options = DqnOptions(
        discount=0.99,
        lr=1e-3,
        batch_size=64,
        replay_ticks=50_000,
        warmup_ticks=WARMUP,
        epsilon_ticks=DECAY,
        epsilon=0.04,
        ticks_per_step=TICKS_PER_STEP,
        target_steps=TARGET_STEPS,
    )
    with GymnasiumPool("CartPole-v1", CARTPOLE, num_envs=ENVS, seed=seed) as pool:
        learner = registry.make("dqn", pool.spec, options, seed)
        train(learner, pool, TICKS)
    return balance(learner)


def theirs(seed: int) -> float:
    """Balance of Stable-Baselines3's DQN."""
    return peer_balance(
        DQN,
        seed,
        TICKS,
        gamma=0.99,
        learning_rate=1e-3,
        batch_size=64,
        buffer_size=50_000,
        learning_starts=WARMUP,
        exploration_fraction=(WARMUP + DECAY) / TICKS,
        exploration_final_eps=0.04,
        train_freq=1,
        gradient_steps=ENVS // TICKS_PER_STEP,
        target_update_interval=TARGET_STEPS * TICKS_PER_STEP,
        policy_kwargs={"net_arch": [64, 64]},
    )


@pytest.mark.learning
@pytest.mark.timeout(300)
def test_a_pole_is_balanced_as_long_as_by_another_implementation() -> None:
    """Same budget, width, learning rate, batch, replay, target copies and exploration; three seeds each.

    So few ticks leave a spread of 60 to 460 ticks of balance between seeds; the interval of the difference says as much.
    """
    mine, others = [ours(seed) for seed in (1, 2, 3)], [theirs(seed) for seed in (1, 2, 3)]
    assert not_worse(mine, others), (mine, others)
    assert np.mean(mine) > 100  # about 22 by chance


# ------------------------------------------------------------------------------------------------------- cooperative games

TOY: dict[str, Any] = {"discount": 0.5, "batch_size": 64, "warmup_ticks": 800, "ticks_per_step": 8}
QUICK: dict[str, Any] = {**TOY, "lr": 2e-3, "epsilon_ticks": 4000, "target_steps": 50}


@pytest.mark.learning
@pytest.mark.parametrize(
    ("name", "options", "ticks", "least"),
    [("dqn", DqnOptions(**QUICK), 16_000, 0.9), ("iql", IqlOptions(**QUICK), 8000, 0.84)],
    ids=["dqn", "iql"],
)
def test_a_cooperative_game_with_hybrid_actions_is_learned(
    name: str, options: Any, ticks: int, least: float
) -> None:
    """Optimum 1, with 5 levels of power 0.96; with the right modes at one power for all levels 0.8."""
    pool = ToyPool(seed=1)
    learner = registry.make(name, pool.spec, options, 1)
    assert mean_reward(registry.make(name, pool.spec, options, 1), ToyPool(seed=777), 50) < 0.6
    train(learner, pool, ticks)
    assert mean_reward(learner) > least


SHORT: dict[str, Any] = {"discount": 0.1, "warmup_ticks": 400, "ticks_per_step": 4}
VALUES: dict[str, Any] = {**SHORT, "lr": 2e-3, "epsilon_ticks": 600, "target_steps": 50}
CLIMBERS: dict[str, Any] = {**SHORT, "actor_lr": 2e-3, "critic_lr": 2e-3}


@pytest.mark.learning
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("dqn", DqnOptions(**VALUES)),
        ("iql", IqlOptions(**VALUES)),
        ("maddpg", MaddpgOptions(**CLIMBERS)),
        ("maddpg", MaddpgOptions(actors="per-agent", **CLIMBERS)),
    ],
    ids=["dqn", "iql", "maddpg", "maddpg-per-agent"],
)
def test_choices_never_taken_are_judged_by_what_describes_them(name: str, options: Any, seed: int) -> None:
    """Trained with the first four slots, played with the last four; 0.8 at best, 0.5 by chance."""
    trained, played = SlotGame(range(4)), SlotGame(range(4, 8))
    learner = registry.make(name, trained.spec, options, seed)
    train(learner, TeamPool(trained, seed=seed), 800)
    assert mean_reward(learner, TeamPool(played, seed=777), 25) > 0.7


@pytest.mark.learning
@pytest.mark.parametrize("seed", [1, 2])
def test_maddpg_finds_who_earned_the_reward(seed: int) -> None:
    game = SignalGame(agents=4)
    options = MaddpgOptions(**TOY, noise_ticks=2000, actor_lr=2e-3, critic_lr=2e-3)
    learner = registry.make("maddpg", game.spec, options, seed)
    train(learner, TeamPool(game, seed=seed), 4000)
    assert mean_reward(learner, TeamPool(game, seed=777), 20) > 0.95  # optimum 1, 0.25 by chance


def share_right(name: str, options: Any, seed: int) -> float:
    """Of all answers in the signal game after 1280 ticks."""
    game = SignalGame(agents=30)
    learner = registry.make(name, game.spec, options, seed)
    train(learner, TeamPool(game, seed=seed), 1280)
    return mean_reward(learner, TeamPool(game, seed=777), 20)


@pytest.mark.learning
def test_credit_among_thirty_agents_is_found_with_a_central_critic() -> None:
    """One reward for all. Actors have weights of their own, as independent learners do."""
    options = ImappoOptions(
        discount=0.5, rollout_ticks=16, actor_lr=3e-3, critic_lr=3e-3, target_kl=0.03, actors="per-agent"
    )
    shares = [share_right("imappo", options, seed) for seed in (1, 2, 3)]
    assert np.median(shares) > 0.9, shares  # optimum 1, 0.25 by chance


@pytest.mark.learning
@pytest.mark.parametrize(("replay_ticks", "low", "high"), [(50_000, 0.0, 0.9), (1000, 1.1, 1.4)])
def test_independent_learners_need_a_short_memory(replay_ticks: int, low: float, high: float) -> None:
    """What the others did at random long ago says that sending does not pay. Optimum 1.33."""
    game = ChannelGame([6.0, 8.0, 4.0], channels=2)
    options = IqlOptions(
        discount=0.5,
        replay_ticks=replay_ticks,
        warmup_ticks=500,
        epsilon_ticks=4000,
        ticks_per_step=8,
        target_steps=50,
    )
    learner = registry.make("iql", game.spec, options, 1)
    train(learner, TeamPool(game, seed=1), 8000)
    assert low <= mean_reward(learner, TeamPool(game, seed=777), 8) < high
