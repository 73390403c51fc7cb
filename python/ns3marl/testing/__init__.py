# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Compliance suites: tests that a scenario, a pool, a policy or a learner inherits to show that it keeps the rules.

A suite is a class of pytest tests. A class of your own, whose name begins with ``Test``, inherits it and says what is tested::

    class TestTwoCells(ScenarioCompliance):
        scenario = "two-cells"
        arguments = ((), ("--cells=3", "--ticks=20"))

A check that fails says which rule is broken and what to do. A check that does not apply is taken out by ``test_name = None``.

Only this package imports pytest, which ``pip install pytest`` brings.
"""

from __future__ import annotations

try:
    import pytest  # noqa: F401 - for the message below
except ImportError as error:
    raise ImportError(
        "ns3marl.testing holds tests for pytest, which is not installed; install it with `pip install pytest`"
    ) from error

from ns3marl.testing.learner import LearnerCompliance
from ns3marl.testing.policy import PolicyCompliance
from ns3marl.testing.pool import PoolCompliance
from ns3marl.testing.scenario import ScenarioCompliance

__all__ = ["LearnerCompliance", "PolicyCompliance", "PoolCompliance", "ScenarioCompliance"]
