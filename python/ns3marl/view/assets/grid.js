// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
// Agents as cells, for scenarios without a map: coloured by the first discrete head, or by reward where there is none.

import { SERIES } from "view/theme.js";

const GAP = 6;

/** Draws all groups; gives the cells, for clicks. */
export function agentGrid(context, episode, boundary, width, height, colours, selected) {
  const spots = [];
  const groups = episode.spec.groups;
  const total = groups.reduce((sum, group) => sum + group.agents.length, 0);
  const area = ((width - 24) * (height - 24 - 40 * groups.length)) / total;
  const cell = Math.max(5, Math.min(110, Math.sqrt(Math.max(area, 1)) - GAP));
  const columns = Math.max(1, Math.floor((width - 24) / (cell + GAP)));
  let top = 14;
  groups.forEach((group, g) => {
    const head = group.discrete_heads[0];
    const choices = head ? episode.choice(g, 0, boundary) : null;
    context.textAlign = "left";
    context.font = "12px system-ui, sans-serif";
    context.fillStyle = colours.soft;
    context.fillText(head ? `${group.name}: ${head.name}` : group.name, 12, top + 8);
    top += 18;
    const rewards = group.agents.map((_, a) => episode.rewardOf(g, a, boundary));
    const [least, most] = [Math.min(...rewards), Math.max(...rewards)];
    group.agents.forEach((name, a) => {
      const x = 12 + (a % columns) * (cell + GAP);
      const y = top + Math.floor(a / columns) * (cell + GAP);
      const acts = episode.active(g, a, boundary);
      const share = most > least ? (rewards[a] - least) / (most - least) : 0.5;
      context.globalAlpha = acts ? 1 : 0.3;
      context.fillStyle = choices ? SERIES[choices[a] % SERIES.length] : SERIES[0];
      if (!choices) context.globalAlpha *= 0.25 + 0.75 * share;
      context.fillRect(x, y, cell, cell);
      context.globalAlpha = 1;
      if (cell > 44) {
        context.fillStyle = "#fff";
        context.font = "11px system-ui, sans-serif";
        context.fillText(name, x + 5, y + 15, cell - 10);
        if (choices && acts) context.fillText(head.choices[choices[a]], x + 5, y + 30, cell - 10);
      }
      const own = episode.spec.state.findIndex((block) => block.agents_of === g);
      if (selected && selected.group === g && selected.row === a) {
        context.strokeStyle = colours.ink;
        context.lineWidth = 2.5;
        context.strokeRect(x - 2, y - 2, cell + 4, cell + 4);
      }
      spots.push({ x, y, width: cell, height: cell, block: own, row: a, group: g });
    });
    top += Math.ceil(group.agents.length / columns) * (cell + GAP) + 14;
  });
  return spots;
}
