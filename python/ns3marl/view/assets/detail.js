// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
// What was clicked: an agent, a row of a state block, or an item with its timeline.

import { SERIES } from "view/theme.js";
import { element, milliseconds, shown, table, words } from "view/text.js";

/** The timeline of an item: one bar for each lane, a row of the table below. */
export function itemDetail(episode, item) {
  const declared = episode.map.items;
  const of = episode.tables.find((known) => known.name === declared.table);
  const total = Math.max(item.end - item.begin, 1e-12);
  const legend = element("ol", { class: "stages" });
  const lanes = element("div", { class: "timeline", id: "timeline", role: "img", "aria-label": "stages of the item over time" });
  let colour = 0;
  for (const lane of item.lanes) {
    const bar = element("div", { class: "lane" });
    for (const stage of lane) {
      const shade = SERIES[colour++ % SERIES.length];
      const part = element("span", { title: `${stage.title}: ${milliseconds(stage.end - stage.begin)}` });
      Object.assign(part.style, {
        left: `${(100 * (stage.begin - item.begin)) / total}%`,
        width: `${(100 * (stage.end - stage.begin)) / total}%`,
        background: shade,
      });
      bar.append(part);
      const dot = element("i");
      dot.style.background = shade;
      legend.append(element("li", {}, dot, `${stage.title} `, element("b", {}, milliseconds(stage.end - stage.begin))));
    }
    lanes.append(bar);
  }
  const values = of.columns.map((column, c) => {
    const value = of.values[c][item.row];
    return [words(column.name), column.categories.length ? column.categories[value] ?? "–" : shown(value, column.unit)];
  });
  const title = `${of.name.replace(/s$/, "")} of ${episode.spec.state[episode.block(declared.source_block)].rows[item.source]}`;
  return element(
    "div",
    { class: "detail" },
    element("h3", {}, title, element("span", { class: item.good ? "good" : "bad" }, item.outcome ? ` ${words(item.outcome)}` : "")),
    element("p", { class: "note" }, `begins at ${item.begin.toFixed(4)} s, takes ${milliseconds(item.end - item.begin)}`),
    lanes,
    legend,
    table(["column", "value"], values),
  );
}

/** An agent at a boundary: what it was, saw, may do and did. */
export function agentDetail(episode, group, agent, boundary) {
  const of = episode.spec.groups[group];
  const state = !episode.present(group, agent, boundary) ? "absent" : episode.active(group, agent, boundary) ? "asked to act" : "not asked to act";
  const heads = [
    ...of.discrete_heads.map((head, d) => {
      const taken = episode.choice(group, d, boundary);
      const allowed = head.choices.filter((_, c) => episode.allowed(group, agent, d, c, boundary)).length;
      const counts = taken && episode.counts(group, head, agent, boundary);
      return [head.name, taken ? head.choices[taken[agent]] : "–", `${allowed} of ${head.choices.length} allowed${counts ? "" : ", does not count"}`];
    }),
    ...of.continuous_heads.map((head, r) => {
      const counts = episode.counts(group, head, agent, boundary);
      return [head.name, shown(episode.level(group, r, boundary)[agent], head.unit), `${head.low} to ${head.high}${counts ? "" : ", does not count"}`];
    }),
  ];
  const features = of.features.map((feature, f) => [words(feature.name), shown(episode.observation(group, f, boundary)[agent], feature.unit)]);
  return element(
    "div",
    { class: "detail" },
    element("h3", {}, of.agents[agent], element("span", { class: "note" }, ` ${state}, reward ${shown(episode.rewardOf(group, agent, boundary))}`)),
    table(["head", "chosen", ""], heads),
    table(["observation", "value"], features),
  );
}

/** A row of a state block at a boundary. */
export function rowDetail(episode, block, row, boundary) {
  const of = episode.spec.state[block];
  const values = of.features.map((feature, f) => [words(feature.name), shown(episode.state(block, f, boundary)[row], feature.unit)]);
  return element("div", { class: "detail" }, element("h3", {}, of.rows[row]), table([of.name, "value"], values));
}
