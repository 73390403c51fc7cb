# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: GPL-2.0-only
#
# The modules of ns-3 that every scenario links, and those that only some bundled scenarios link besides.

set(NS3MARL_NS3_MODULES antenna applications core energy flow-monitor internet mobility network propagation spectrum
  stats traffic-control wifi)
set(NS3MARL_MORE_NS3_MODULES lte netanim point-to-point)
