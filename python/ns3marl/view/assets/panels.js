// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
// The panel beside the maps: charts, items and why they fail, agents, state.

import { Chart } from "view/charts.js";
import { agentDetail, itemDetail, rowDetail } from "view/detail.js";
import { outcomes } from "view/items.js";
import { BAD, GOOD, SERIES } from "view/theme.js";
import { element, milliseconds, shown, table, words } from "view/text.js";

const MOST_ROWS = 200;
const MOST_LINES = 8;

/** Reward, metrics and queues of all sides over time. */
export class ChartPanel {
  constructor(parent, page) {
    this.parent = parent;
    this.page = page;
    this.charts = [];
    this.#specs = "";
  }

  #specs;

  #make(sides) {
    this.charts.forEach((chart) => chart.remove());
    this.parent.replaceChildren();
    const spec = sides[0].spec;
    const seek = (x) => this.page.clock.seek(x);
    const over = (title, values) =>
      new Chart(this.parent, title, () => this.#lines(values), seek);
    this.charts = [over("reward per tick, mean over agents", (episode) => episode.reward)];
    if (spec.groups.length > 1) {
      spec.groups.forEach((group, g) => this.charts.push(over(`reward of ${group.name}`, (episode) => episode.groupReward[g])));
    }
    const choice = element("select", { id: "metric", "aria-label": "metric" });
    spec.metrics.forEach((metric, m) => choice.append(element("option", { value: m }, title(metric))));
    if (spec.metrics.length) {
      this.parent.append(element("label", { class: "note" }, "metric ", choice));
      const chart = over("metric of the episode so far", (episode) => episode.metrics[Number(choice.value)]);
      choice.addEventListener("change", () => chart.update());
      this.charts.push(chart);
    }
    for (const places of sides[0].map?.places ?? []) this.#queue(sides[0], places, seek);
    for (const meter of sides[0].map?.meters ?? []) this.#rows(sides[0], meter.block, meter.value, meter.title, seek);
  }

  #queue(episode, places, seek) {
    if (places.queue) this.#rows(episode, places.block, places.queue, `${words(places.queue)}, ${words(places.block)}`, seek);
  }

  /** A feature of a state block of the focused side: a line a row, or the sum where there are many. */
  #rows(first, block, feature, heading, seek) {
    const b = first.block(block);
    const f = first.feature(b, feature);
    if (f < 0) return;
    const { rows, features } = first.spec.state[b];
    const unit = features[f].unit === "1" ? "" : ` [${features[f].unit}]`;
    const many = rows.length > MOST_LINES;
    const lines = () => {
      const episode = this.page.focused();
      const columns = Array.from({ length: episode.length }, (_, i) => episode.state(b, f, i));
      const series = many
        ? [{ label: "sum", values: columns.map((column) => column.reduce((sum, value) => sum + value, 0)) }]
        : rows.map((label, row) => ({ label, values: columns.map((column) => column[row]) }));
      return { x: episode.time, series };
    };
    this.charts.push(new Chart(this.parent, `${heading}${many ? ", sum over rows" : ""}${unit}`, lines, seek));
  }

  #lines(values) {
    const sides = this.page.episodes();
    const longest = sides.reduce((one, other) => (other.length > one.length ? other : one));
    const series = sides.map((episode, side) => ({ label: sides.length > 1 ? `${side + 1}: ${episode.head.policy}` : episode.head.policy, values: padded(values(episode), longest.length) }));
    return { x: longest.time, series };
  }

  update() {
    const sides = this.page.episodes();
    if (!sides.length) return;
    const specs = sides.map((episode) => episode.spec.hash + episode.spec.scenario).join();
    if (specs !== this.#specs) {
      this.#specs = specs;
      this.#make(sides);
    }
    this.charts.forEach((chart) => chart.update());
  }

  mark(time) {
    this.charts.forEach((chart) => chart.markAt(time));
  }
}

/** Values for a chart, which shows gaps as null. */
function padded(values, length) {
  return Array.from({ length }, (_, i) => (Number.isFinite(values[i]) ? values[i] : null));
}

function title(metric) {
  return `${words(metric.name)}${metric.unit === "1" ? "" : ` [${metric.unit}]`} ${metric.higher_is_better ? "↑" : "↓"}`;
}

/** Items that begin in the interval at hand, and how all items ended so far. */
export class ItemPanel {
  constructor(parent, page) {
    Object.assign(this, { parent, page });
  }

  update(boundary) {
    const page = this.page;
    const declared = page.focused()?.map?.items;
    if (!declared) {
      this.parent.replaceChildren(element("p", { class: "note" }, "The scenario's map declares no tasks or packets."));
      return;
    }
    const parts = [element("h3", {}, `How ${declared.table} ended so far`), this.#ends(boundary)];
    const episode = page.focused();
    const items = (episode.itemsAt[boundary] ?? []).slice(0, MOST_ROWS);
    const selected = episode.items.find((item) => item.row === page.selected?.item && page.selected.side === page.focus);
    if (selected) parts.push(itemDetail(episode, selected));
    parts.push(element("h3", {}, `${declared.table} that begin at ${shown(episode.time[boundary], "s")}: ${(episode.itemsAt[boundary] ?? []).length}`));
    if (!episode.items.length) {
      parts.push(element("p", { class: "note" }, `No ${declared.table} were reported yet. The fast twin reports none: play in ns-3 to see them.`));
    }
    const rows = items.map((item) => [
      name(episode, declared.source_block, item.source),
      item.target < 0 ? "–" : name(episode, declared.target_block, item.target),
      element("span", { class: item.good ? "good" : "bad" }, words(item.outcome)),
      milliseconds(item.end - item.begin),
    ]);
    const list = table(["from", "to", "ended", "time"], rows, (number) => page.select({ item: items[number].row }));
    list.id = "items";
    parts.push(list);
    this.parent.replaceChildren(...parts);
  }

  /** One row for each outcome, a bar for each side. */
  #ends(boundary) {
    const page = this.page;
    const sides = page.episodes();
    const counts = sides.map((episode) => outcomes(episode, Math.min(boundary, episode.length - 1)));
    const totals = counts.map((of) => Math.max(1, [...of.values()].reduce((sum, n) => sum + n, 0)));
    const success = sides[0].map.items.success;
    const names = [...new Set(counts.flatMap((of) => [...of.keys()]))];
    names.sort((one, other) => success.includes(other) - success.includes(one) || (counts[0].get(other) ?? 0) - (counts[0].get(one) ?? 0));
    const list = element("div", { class: "ends", id: "ends" });
    for (const outcome of names) {
      const bars = sides.map((_, side) => {
        const count = counts[side].get(outcome) ?? 0;
        const bar = element("i");
        bar.style.width = `${(100 * count) / totals[side]}%`;
        bar.style.background = success.includes(outcome) ? GOOD : BAD;
        return element("div", { class: "bar" }, bar, element("b", {}, `${count} (${((100 * count) / totals[side]).toFixed(1)} %)`));
      });
      list.append(element("span", {}, words(outcome) || "unnamed"), element("div", {}, ...bars));
    }
    return list;
  }
}

function name(episode, block, row) {
  return episode.spec.state[episode.block(block)]?.rows[row] ?? String(row);
}

/** What the agents choose: shares of each head, and each agent. */
export class AgentPanel {
  constructor(parent, page) {
    Object.assign(this, { parent, page });
  }

  update(boundary) {
    const page = this.page;
    const episode = page.focused();
    const parts = [];
    const chosen = page.selected;
    if (chosen && chosen.side === page.focus && chosen.item === undefined) {
      if (chosen.group !== null && chosen.group !== undefined) parts.push(agentDetail(episode, chosen.group, chosen.row, boundary));
      else parts.push(rowDetail(episode, chosen.block, chosen.row, boundary));
    }
    episode.spec.groups.forEach((group, g) => {
      parts.push(element("h3", {}, group.name));
      const asked = group.agents.map((_, a) => a).filter((a) => episode.active(g, a, boundary));
      parts.push(element("p", { class: "note" }, `${asked.length} of ${group.agents.length} are asked to act`));
      group.discrete_heads.forEach((head, d) => {
        const taken = episode.choice(g, d, boundary);
        const counting = taken ? asked.filter((a) => episode.counts(g, head, a, boundary)) : [];
        parts.push(shares(head, counting.map((a) => taken[a])));
      });
      const rows = group.agents.slice(0, MOST_ROWS).map((agent, a) => [
        agent,
        episode.active(g, a, boundary) ? "acts" : "",
        ...group.discrete_heads.map((head, d) => {
          const taken = episode.choice(g, d, boundary);
          return taken && episode.active(g, a, boundary) && episode.counts(g, head, a, boundary) ? head.choices[taken[a]] : "";
        }),
        ...group.continuous_heads.map((head, r) =>
          episode.active(g, a, boundary) && episode.counts(g, head, a, boundary) ? shown(episode.level(g, r, boundary)[a]) : "",
        ),
        shown(episode.rewardOf(g, a, boundary)),
      ]);
      const heads = [...group.discrete_heads.map((head) => head.name), ...group.continuous_heads.map((head) => (head.unit === "1" ? head.name : `${head.name} [${head.unit}]`))];
      const own = episode.spec.state.findIndex((block) => block.agents_of === g);
      parts.push(table(["agent", "", ...heads, "reward"], rows, (a) => page.select({ group: g, row: a, block: own })));
      if (group.agents.length > MOST_ROWS) parts.push(element("p", { class: "note" }, `The first ${MOST_ROWS} are listed; click on the map for any other one.`));
    });
    this.parent.replaceChildren(...parts);
  }
}

function shares(head, taken) {
  const counts = head.choices.map((_, c) => taken.filter((of) => of === c).length);
  const bar = element("div", { class: "shares", title: head.choices.map((choice, c) => `${choice}: ${counts[c]}`).join(", ") });
  counts.forEach((count, c) => {
    if (!count) return;
    const part = element("span", {}, head.choices[c]);
    Object.assign(part.style, { flexGrow: String(count), background: SERIES[c % SERIES.length] });
    bar.append(part);
  });
  return element("div", { class: "head" }, element("b", {}, head.name), bar);
}

/** State blocks as tables of numbers, shaded by their place between the feature's bounds. */
export class StatePanel {
  constructor(parent, page) {
    Object.assign(this, { parent, page });
    this.choice = element("select", { "aria-label": "state block", id: "block" });
    this.choice.addEventListener("change", () => page.refresh());
    this.body = element("div", { class: "scroll" });
    parent.append(this.choice, this.body);
  }

  update(boundary) {
    const episode = this.page.focused();
    const names = episode.spec.state.map((block) => block.name);
    if (names.join() !== this.names) {
      this.names = names.join();
      this.choice.replaceChildren(...names.map((of, b) => element("option", { value: b }, words(of))));
    }
    if (!names.length) {
      this.body.replaceChildren(element("p", { class: "note" }, "The scenario declares no global state."));
      return;
    }
    const b = Math.min(Number(this.choice.value), names.length - 1);
    const block = episode.spec.state[b];
    const columns = block.features.map((_, f) => episode.state(b, f, boundary));
    const made = table(
      ["", ...block.features.map((feature) => (feature.unit === "1" ? words(feature.name) : `${words(feature.name)} [${feature.unit}]`))],
      block.rows.slice(0, MOST_ROWS).map((row, r) => [
        row,
        ...block.features.map((feature, f) => {
          const share = Math.min(Math.max((columns[f][r] - feature.low) / (feature.high - feature.low), 0), 1);
          const cell = element("span", { class: "heat" }, shown(columns[f][r]));
          cell.style.setProperty("--share", share.toFixed(3));
          return cell;
        }),
      ]),
      (row) => this.page.select({ group: block.agents_of, row, block: b }),
    );
    this.body.replaceChildren(made);
  }
}
