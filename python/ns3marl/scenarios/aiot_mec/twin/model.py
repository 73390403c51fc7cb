# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Data that all stages of a tick read and none changes."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ns3marl.scenarios.aiot_mec.twin import kernel
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration
from ns3marl.scenarios.aiot_mec.twin.kernel import Library
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.scenarios.aiot_mec.twin.spec import Layout, make_spec
from ns3marl.types import Spec


@dataclass(frozen=True)
class Model:
    """The scenario with its arguments, on a device."""

    settings: Settings
    calibration: Calibration
    spec: Spec
    layout: Layout
    library: Library
    device: torch.device

    @staticmethod
    def make(settings: Settings, calibration: Calibration, device: torch.device) -> Model:
        """Compiles the kernels if necessary.

        Raises:
            ConfigError: The twin does not run on devices of this type.
            BuildError: The kernels do not compile.
        """
        spec = make_spec(settings)
        return Model(settings, calibration, spec, Layout.of(spec), kernel.load(device), device)
