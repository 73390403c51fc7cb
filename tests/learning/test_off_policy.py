# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The off-policy learners: DQN beside another implementation, all three on a cooperative game, and where independence fails."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium_pool import CARTPOLE, GymnasiumPool
from stable_baselines3 import DQN
from stable_baselines3.common.env_util import make_vec_env
from toy_game import ToyPool

from ns3marl.algorithms import registry
from ns3marl.algorithms.dqn import Dqn
from ns3marl.config import DqnOptions, ImappoOptions, IqlOptions, MaddpgOptions
from ns3marl.games.cooperative import ChannelGame, SignalGame
from ns3marl.games.team import TeamPool
from ns3marl.rl.learner import Learner
from ns3marl.rl.policy import ActionNoise
from ns3marl.training.run import Environments


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def train(learner: Learner, pool: Environments, seed: int, ticks: int) -> None:
    """Plays and learns for a number of ticks, summed over environments."""
    noise, batch = ActionNoise(seed, pool.num_envs), pool.reset()
    for _ in range(ticks // pool.num_envs):
        batch = pool.step(learner.explore(batch, noise.generators(batch)))
        learner.learn(batch)


def mean_reward(learner: Learner, pool: Environments, steps: int) -> float:
    """Per tick of the greedy policy."""
    learner.greedy = True
    noise, batch, rewards = ActionNoise(777, pool.num_envs), pool.reset(), []
    for _ in range(steps):
        batch = pool.step(learner.act(batch, noise.generators(batch)))
        rewards.append(batch.groups[0].rewards.mean())
    return float(np.mean(rewards))


# ------------------------------------------------------------------------------------------------------------ a known task

ENVS, TICKS, WARMUP, DECAY, TICKS_PER_STEP, TARGET_STEPS = 8, 6000, 800, 2000, 4, 50
EPISODES = 10  # of an evaluation, at most 500 ticks each


def ours(seed: int) -> float:
    """Mean return of the greedy policy of branching DQN, here of one branch."""
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
        learner = Dqn(pool.spec, options, seed)
        train(learner, pool, seed, TICKS)
    learner.greedy = True
    returns = np.full(EPISODES, np.nan)
    with GymnasiumPool("CartPole-v1", CARTPOLE, num_envs=EPISODES, seed=99) as test:
        noise, batch = ActionNoise(99, EPISODES), test.reset()
        while np.isnan(returns).any():
            batch = test.step(learner.act(batch, noise.generators(batch)))
            for env, final in enumerate(batch.final):
                if final is not None and np.isnan(returns[env]):
                    returns[env] = final.metrics[0]
    return float(returns.mean())


def theirs(seed: int) -> float:
    """The same of Stable-Baselines3's DQN."""
    model = DQN(
        "MlpPolicy",
        make_vec_env("CartPole-v1", n_envs=ENVS, seed=seed),
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
        seed=seed,
        device="cpu",
    )
    model.learn(TICKS)
    test = make_vec_env("CartPole-v1", n_envs=EPISODES, seed=99)
    seen: Any = test.reset()
    totals, returns = np.zeros(EPISODES), np.full(EPISODES, np.nan)
    while np.isnan(returns).any():
        seen, rewards, ended, _ = test.step(model.predict(seen, deterministic=True)[0])
        totals += rewards
        first = ended & np.isnan(returns)
        returns[first] = totals[first]
        totals[ended] = 0
    return float(returns.mean())


@pytest.mark.learning
@pytest.mark.timeout(300)
def test_a_pole_is_balanced_as_long_as_by_another_implementation() -> None:
    """Same budget, width, learning rate, batch, replay, target copies and exploration; three seeds each.

    So few ticks leave a spread of 50 to 260 ticks of balance between seeds; the interval of the difference says as much.
    """
    mine, others = (np.array([learn(seed) for seed in (1, 2, 3)]) for learn in (ours, theirs))
    error = np.sqrt(mine.var(ddof=1) / 3 + others.var(ddof=1) / 3)
    # Student's t of two-sided 95 % with 4 degrees of freedom
    assert mine.mean() - others.mean() > -2.78 * error, (mine, others)
    assert mine.mean() > 50  # about 22 by chance


# ------------------------------------------------------------------------------------------------------- cooperative games

TOY: dict[str, Any] = {"discount": 0.5, "batch_size": 64, "warmup_ticks": 800, "ticks_per_step": 8}
QUICK: dict[str, Any] = {**TOY, "lr": 2e-3, "epsilon_ticks": 4000, "target_steps": 50}


@pytest.mark.learning
@pytest.mark.parametrize(
    ("name", "options", "enough"),
    [
        ("dqn", DqnOptions(**QUICK), 0.8),
        ("iql", IqlOptions(**QUICK), 0.8),
        pytest.param(
            "maddpg",
            MaddpgOptions(**TOY, noise_ticks=4000, actor_lr=2e-3, critic_lr=2e-3),
            0.9,
            marks=pytest.mark.xfail(
                reason="stops at 0.6 with most seeds, reaches 0.98 with some", strict=False
            ),
        ),
    ],
    ids=["dqn", "iql", "maddpg"],
)
def test_a_cooperative_game_with_hybrid_actions_is_learned(name: str, options: Any, enough: float) -> None:
    pool = ToyPool(seed=1)
    learner = registry.make(name, pool.spec, options, 1)
    assert mean_reward(registry.make(name, pool.spec, options, 1), ToyPool(seed=777), 50) < 0.6
    train(learner, pool, 1, 8000)
    assert mean_reward(learner, ToyPool(seed=777), 50) > enough  # optimum 1, with 5 levels of power 0.96


def share_right(name: str, options: Any, seed: int) -> float:
    """Of all answers in the signal game after 1280 ticks."""
    game = SignalGame(agents=30)
    learner = registry.make(name, game.spec, options, seed)
    train(learner, TeamPool(game, seed=seed), seed, 1280)
    return mean_reward(learner, TeamPool(game, seed=777), 20)


@pytest.mark.learning
def test_credit_is_found_with_a_central_critic_and_not_by_independent_learners() -> None:
    """Thirty agents, one reward. Actors of IMAPPO have weights of their own, as independent learners do."""
    central = ImappoOptions(
        discount=0.5, rollout_ticks=16, actor_lr=3e-3, critic_lr=3e-3, target_kl=0.03, actors="per-agent"
    )
    independent = IqlOptions(
        discount=0.5,
        batch_size=64,
        replay_ticks=2000,
        warmup_ticks=240,
        epsilon_ticks=640,
        ticks_per_step=4,
        target_steps=50,
    )
    with_critic = [share_right("imappo", central, seed) for seed in (1, 2, 3)]
    alone = [share_right("iql", independent, seed) for seed in (1, 2, 3)]
    assert np.median(with_critic) > 0.9, with_critic  # optimum 1, 0.25 by chance
    assert max(alone) < 0.8, alone


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
    train(learner, TeamPool(game, seed=1), 1, 8000)
    assert low <= mean_reward(learner, TeamPool(game, seed=777), 8) < high
