# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What ``ns3marl reproduce`` runs for ``aiot-mec``."""

from ns3marl.scenarios.aiot_mec.published import page, study, tables
from ns3marl.studies.publication import Publication

PUBLICATION = Publication(
    title="The published tables and figures of IMAPPO",
    cells=tables.every_cell,
    study=study.study,
    write=page.write,
)
