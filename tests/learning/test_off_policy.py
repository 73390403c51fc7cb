# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The off-policy learners: DQN beside another implementation, all three on cooperative games, and where independence fails."""

from __future__ import annotations

from typing import Any

import pytest
from gymnasium_pool import CARTPOLE, GymnasiumPool
from poles import ENVS, balance, peer_balance
from slot_game import SlotGame
from stable_baselines3 import DQN
from toy_game import ToyPool, mean_reward
from trials import Scores, reach, train

from ns3marl.algorithms import registry
from ns3marl.algorithms.dqn import DqnOptions
from ns3marl.algorithms.imappo import ImappoOptions
from ns3marl.algorithms.iql import IqlOptions
from ns3marl.algorithms.maddpg import MaddpgOptions
from ns3marl.games.cooperative import ChannelGame, SignalGame
from ns3marl.games.team import TeamPool

# ------------------------------------------------------------------------------------------------------------ a known task

TICKS, WARMUP, DECAY, TICKS_PER_STEP, TARGET_STEPS = 24_000, 800, 2000, 4, 50


def beside_a_peer(seed: int) -> Scores:
    """Balance of branching DQN, here of one branch, and of Stable-Baselines3's DQN.

    Both with the same budget, width, learning rate, batch, replay, target copies and exploration.
    """
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
        train(learner, pool, seed, TICKS)
    ours = balance(learner)
    theirs = peer_balance(
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
    return {"ours": ours, "theirs": theirs, "ours over theirs": ours / theirs}


@pytest.mark.learning
@pytest.mark.timeout(600)  # six seeds at most, half a minute each and more on a busy machine
def test_a_pole_is_balanced_beside_another_implementation() -> None:
    """500 at best, about 22 by chance."""
    reach(beside_a_peer, times=2, of=6, at_least={"ours": 100, "ours over theirs": 0.5})


# ------------------------------------------------------------------------------------------------------- cooperative games

TOY: dict[str, Any] = {"discount": 0.5, "batch_size": 64, "warmup_ticks": 800, "ticks_per_step": 8}
QUICK: dict[str, Any] = {**TOY, "lr": 2e-3, "epsilon_ticks": 4000, "target_steps": 50}


def on_the_toy_game(name: str, options: Any, ticks: int, seed: int) -> Scores:
    pool = ToyPool(seed=seed)
    learner = registry.make(name, pool.spec, options, seed)
    before = mean_reward(learner, ToyPool(seed=777), 50)
    train(learner, pool, seed, ticks)
    return {"before": before, "after": mean_reward(learner)}


@pytest.mark.learning
@pytest.mark.parametrize(
    ("name", "options", "ticks", "least"),
    [("dqn", DqnOptions(**QUICK), 16_000, 0.85), ("iql", IqlOptions(**QUICK), 8000, 0.84)],
    ids=["dqn", "iql"],
)
def test_a_cooperative_game_with_hybrid_actions_is_learned(
    name: str, options: Any, ticks: int, least: float
) -> None:
    """Optimum 1, with 5 levels of power 0.96; with the right modes at one power for all levels 0.8."""
    reach(
        lambda seed: on_the_toy_game(name, options, ticks, seed),
        times=2,
        of=6,
        at_least={"after": least},
        at_most={"before": 0.6},
    )


SHORT: dict[str, Any] = {"discount": 0.1, "warmup_ticks": 400, "ticks_per_step": 4}
VALUES: dict[str, Any] = {**SHORT, "lr": 2e-3, "epsilon_ticks": 600, "target_steps": 50}
CLIMBERS: dict[str, Any] = {**SHORT, "actor_lr": 2e-3, "critic_lr": 2e-3}


def worth_of_new_slots(name: str, options: Any, seed: int) -> Scores:
    """Trained with the first four slots, played with the last four."""
    trained, played = SlotGame(range(4)), SlotGame(range(4, 8))
    learner = registry.make(name, trained.spec, options, seed)
    train(learner, TeamPool(trained, seed=seed), seed, 800)
    return {"worth": mean_reward(learner, TeamPool(played, seed=777), 25)}


@pytest.mark.learning
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
def test_choices_never_taken_are_judged_by_what_describes_them(name: str, options: Any) -> None:
    """0.8 at best, 0.5 by chance."""
    reach(
        lambda seed: worth_of_new_slots(name, options, seed),
        times=2,
        of=6,
        at_least={"worth": 0.7},
    )


def on_the_signal_game(name: str, options: Any, agents: int, ticks: int, seed: int) -> Scores:
    """Share of the right ones among all answers."""
    game = SignalGame(agents=agents)
    learner = registry.make(name, game.spec, options, seed)
    train(learner, TeamPool(game, seed=seed), seed, ticks)
    return {"right": mean_reward(learner, TeamPool(game, seed=777), 20)}


@pytest.mark.learning
def test_maddpg_finds_who_earned_the_reward() -> None:
    """Optimum 1, 0.25 by chance."""
    options = MaddpgOptions(**TOY, noise_ticks=2000, actor_lr=2e-3, critic_lr=2e-3)
    reach(
        lambda seed: on_the_signal_game("maddpg", options, 4, 4000, seed),
        times=2,
        of=6,
        at_least={"right": 0.95},
    )


@pytest.mark.learning
def test_credit_among_thirty_agents_is_found_with_a_central_critic() -> None:
    """One reward for all; optimum 1, 0.25 by chance. Actors have weights of their own, as independent learners do."""
    options = ImappoOptions(
        discount=0.5,
        gae_lambda=0.95,
        rollout_ticks=16,
        epochs=5,
        actor_lr=3e-3,
        critic_lr=3e-3,
        target_kl=0.03,
        actors="per-agent",
    )
    reach(
        lambda seed: on_the_signal_game("imappo", options, 30, 1280, seed),
        times=2,
        of=6,
        at_least={"right": 0.9},
    )


def on_the_channel_game(replay_ticks: int, seed: int) -> Scores:
    game = ChannelGame([6.0, 8.0, 4.0], channels=2)
    options = IqlOptions(
        discount=0.5,
        replay_ticks=replay_ticks,
        warmup_ticks=500,
        epsilon_ticks=4000,
        ticks_per_step=8,
        target_steps=50,
    )
    learner = registry.make("iql", game.spec, options, seed)
    train(learner, TeamPool(game, seed=seed), seed, 8000)
    return {"reward": mean_reward(learner, TeamPool(game, seed=777), 8)}


@pytest.mark.learning
@pytest.mark.parametrize(("replay_ticks", "low", "high"), [(50_000, 0.0, 0.9), (1000, 1.1, 1.4)])
def test_independent_learners_need_a_short_memory(replay_ticks: int, low: float, high: float) -> None:
    """What the others did at random long ago says that sending does not pay. Optimum 1.33."""
    reach(
        lambda seed: on_the_channel_game(replay_ticks, seed),
        times=2,
        of=6,
        at_least={"reward": low},
        at_most={"reward": high},
    )
