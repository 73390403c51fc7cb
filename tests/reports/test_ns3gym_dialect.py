# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A scenario that serves ns3-gym's client and leaves an agent that is not asked without any choice.

What users saw: the scenario ended with SIGFPE at the first such agent.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ns3gym_peer import Client

from ns3marl import new_scenario, toolchain

SCENARIO = """
#include "bridge/scenario.h"

using namespace ns3;
using namespace ns3::marl;

class ClosedScenario : public Scenario
{
  public:
    void AddArguments(Arguments& /* arguments */) override
    {
    }

    void Describe(Spec& spec) override
    {
        spec.SetTicks(MilliSeconds(100), 3);
        auto& doors = spec.AddGroup("door", {"open", "closed"});
        m_doors = doors.handle;
        m_chosen = doors.AddFeature({.name = "chosen", .unit = "1", .high = 2});
        m_head = doors.AddDiscreteHead({.name = "way", .choices = {"in", "out", "both"}});
    }

    void Build() override
    {
    }

    void CloseInterval(const Boundary& /* boundary */) override
    {
    }

    void Reward(Rewards& /* rewards */) const override
    {
    }

    void Observe(Observation& observation) const override
    {
        observation.Set(m_chosen, 0, m_choice);
        observation.SetActive(m_doors, 1, false);
        for (uint32_t choice = 0; choice < 3; choice++)
        {
            observation.Forbid(m_head, 1, choice);
        }
    }

    void Act(const Action& action) override
    {
        m_choice = action.Get(m_head, 0);
    }

  private:
    GroupHandle m_doors;
    FeatureHandle m_chosen;
    DiscreteHeadHandle m_head;
    int32_t m_choice{0};
};

int
main(int argc, char* argv[])
{
    return RunScenario<ClosedScenario>(argc, argv, "closed");
}
"""


@pytest.mark.report("C4")
@pytest.mark.usefixtures("built_scenarios")
def test_an_agent_that_is_not_asked_may_have_no_choice(tmp_path: Path) -> None:
    folder = new_scenario.create("closed", tmp_path)
    (folder / "closed.cc").write_text(SCENARIO)
    program = toolchain.build(folder).scenarios["closed"]
    client = Client()
    command: list[str] = [str(program), "--dialect=ns3gym", f"--openGymPort={client.port}", "--simSeed=1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        _, space = client.start()
        states = []
        while not (state := client.state()).isGameOver:
            states.append(state)
            client.act([2, 1], space)
        client.stop()
        _, said = process.communicate(timeout=10)
    client.close()
    assert (len(states), process.returncode, said) == (3, 0, "")
