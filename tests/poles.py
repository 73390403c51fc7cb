# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""How long a greedy policy balances the pole of CartPole-v1: ours, and those of Stable-Baselines3."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium_pool import CARTPOLE, GymnasiumPool
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.logger import Logger

from ns3marl.rl.policy import action_generators
from ns3marl.rl.team import Team
from ns3marl.types import Float64

EPISODES = 10  # of an evaluation, at most 500 ticks each
ENVS = 8  # of a training


def balance(learner: Team) -> float:
    """Mean return of a learner's greedy policy; 500 at best, about 22 by chance."""
    learner.greedy = True
    returns: Float64 = np.full(EPISODES, np.nan)
    with GymnasiumPool("CartPole-v1", CARTPOLE, num_envs=EPISODES, seed=99) as pool:
        batch = pool.reset()
        while np.isnan(returns).any():
            batch = pool.step(learner.act(batch, action_generators(batch)))
            for env, final in enumerate(batch.final):
                if final is not None and np.isnan(returns[env]):
                    returns[env] = final.metrics[0]
    return float(returns.mean())


def peer_balance(algorithm: Any, seed: int, ticks: int, **options: Any) -> float:
    """The same of a class of Stable-Baselines3 that is trained first, with ``ENVS`` environments."""
    environments = make_vec_env("CartPole-v1", n_envs=ENVS, seed=seed)
    model = algorithm("MlpPolicy", environments, seed=seed, device="cpu", **options)
    model.set_logger(Logger(None, []))  # its own would leave a folder in /tmp
    model.learn(ticks)
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
