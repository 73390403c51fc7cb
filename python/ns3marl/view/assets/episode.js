// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
// One episode as far as it is known: what was observed, decided and earned at each boundary, and the rows of its tables.
// A boundary has an index from 0; `time` and `tick` tell when it was.

import { itemsOf } from "view/items.js";

const STEPS = 65535;

export class Episode {
  constructor(head) {
    this.head = head;
    this.spec = head.spec;
    this.map = head.map;
    this.time = [];
    this.tick = [];
    this.reward = []; // mean over all agents that were present
    this.groupReward = this.spec.groups.map(() => []);
    this.metrics = this.spec.metrics.map(() => []);
    this.tables = this.spec.tables.map((table) => ({ ...table, values: table.columns.map(() => []), boundary: [] }));
    this.ended = false;
    this.reason = "";
    this.items = []; // what moves on the map, see items.js
    this.itemsAt = []; // by boundary: those that begin in the interval after it
    this.itemsEnding = []; // by boundary: those that were reported at it
    this.failures = []; // by boundary: how many items failed in the interval before it
    this.#chunks = [];
    this.#peaks = new Map();
  }

  #chunks;
  #peaks;

  get length() {
    return this.time.length;
  }

  /** Simulated time between regular boundaries [s]; the mean one where there are none. */
  get tick_s() {
    if (this.spec.tick_ns) return this.spec.tick_ns * 1e-9;
    return this.length > 1 ? (this.time.at(-1) - this.time[0]) / (this.length - 1) : 1;
  }

  append({ head, arrays }) {
    if (head.kind === "end") {
      this.ended = true;
      this.reason = head.reason;
      return;
    }
    const first = this.length;
    this.#chunks.push({ first, count: head.count, arrays, places: new Map() });
    this.time.push(...arrays.time_s);
    this.tick.push(...arrays.tick);
    for (let i = 0; i < head.count; i++) {
      this.spec.metrics.forEach((_, m) => this.metrics[m].push(arrays.metrics[i * this.spec.metrics.length + m]));
      this.#addRewards(arrays, i);
    }
    this.#addRows(arrays, first);
  }

  #addRewards(arrays, i) {
    let total = 0;
    let all = 0;
    this.spec.groups.forEach((group, g) => {
      const size = group.agents.length;
      let sum = 0;
      let count = 0;
      for (let a = 0; a < size; a++) {
        if (!bit(arrays[`present_${g}`], i * size + a)) continue;
        sum += arrays[`rewards_${g}`][i * size + a];
        count++;
      }
      this.groupReward[g].push(count ? sum / count : NaN);
      total += sum;
      all += count;
    });
    this.reward.push(this.length === 1 || !all ? NaN : total / all);
    if (this.reward.length === 1) {
      this.reward[0] = NaN; // nothing was earned before the first boundary
      this.groupReward.forEach((of) => (of[0] = NaN));
    }
  }

  #addRows(arrays, first) {
    this.tables.forEach((table, t) => {
      const boundaries = arrays[`table_${t}_boundary`];
      table.columns.forEach((_, c) => {
        for (const value of arrays[`table_${t}_${c}`]) table.values[c].push(value);
      });
      for (const boundary of boundaries) table.boundary.push(first + boundary);
    });
    while (this.itemsAt.length < this.length) {
      this.itemsAt.push([]);
      this.itemsEnding.push([]);
      this.failures.push(0);
    }
    for (const item of itemsOf(this, this.items.length)) {
      this.items.push(item);
      this.itemsAt[this.boundaryAt(item.begin)].push(item);
      this.itemsEnding[item.boundary].push(item);
      if (!item.good) this.failures[item.boundary]++;
      this.longest = Math.max(this.longest ?? 0, item.end - item.begin);
    }
  }

  /** The last boundary that is not later than a simulated time [s]. */
  boundaryAt(time) {
    let low = 0;
    let high = this.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.time[middle] <= time + 1e-9) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #chunkOf(boundary) {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#chunks[middle].first <= boundary) low = middle;
      else high = middle - 1;
    }
    return this.#chunks[low];
  }

  /** Values of one feature of all rows at a boundary; `name` as of the recorder: observations_G, levels_G or state_B. */
  #column(name, feature, boundary, size) {
    const chunk = this.#chunkOf(boundary);
    const low = chunk.arrays[`${name}_low`];
    const high = chunk.arrays[`${name}_high`];
    if (!chunk.places.has(name)) {
      let place = 0;
      chunk.places.set(name, Array.from(low, (value, f) => (high[f] > value ? place++ : -1)));
    }
    const place = chunk.places.get(name)[feature];
    const column = new Float32Array(size);
    if (place < 0) return column.fill(low[feature]);
    const steps = chunk.arrays[`${name}_values`];
    const start = (place * chunk.count + boundary - chunk.first) * size;
    const scale = (high[feature] - low[feature]) / STEPS;
    for (let row = 0; row < size; row++) column[row] = low[feature] + scale * steps[start + row];
    return column;
  }

  observation(group, feature, boundary) {
    return this.#column(`observations_${group}`, feature, boundary, this.spec.groups[group].agents.length);
  }

  /** A real-valued head of all agents of a group. */
  level(group, head, boundary) {
    return this.#column(`levels_${group}`, head, boundary, this.spec.groups[group].agents.length);
  }

  state(block, feature, boundary) {
    return this.#column(`state_${block}`, feature, boundary, this.spec.state[block].rows.length);
  }

  /** A discrete head of all agents of a group; null at the last boundary, where nobody acts. */
  choice(group, head, boundary) {
    const { arrays, first, count } = this.#chunkOf(boundary);
    if (!arrays.acted[boundary - first]) return null;
    const size = this.spec.groups[group].agents.length;
    const start = (head * count + boundary - first) * size;
    return arrays[`choices_${group}`].subarray(start, start + size);
  }

  #flag(name, group, agent, boundary) {
    const { arrays, first } = this.#chunkOf(boundary);
    return bit(arrays[`${name}_${group}`], (boundary - first) * this.spec.groups[group].agents.length + agent);
  }

  active(group, agent, boundary) {
    return this.#flag("active", group, agent, boundary);
  }

  present(group, agent, boundary) {
    return this.#flag("present", group, agent, boundary);
  }

  /** Whether an agent may take a choice of a discrete head. */
  allowed(group, agent, head, choice, boundary) {
    const { arrays, first } = this.#chunkOf(boundary);
    const of = this.spec.groups[group];
    const widths = of.discrete_heads.map((h) => h.choices.length);
    const width = widths.reduce((sum, n) => sum + n, 0);
    const offset = widths.slice(0, head).reduce((sum, n) => sum + n, 0);
    const row = (boundary - first) * of.agents.length + agent;
    return bit(arrays[`masks_${group}`], row * width + offset + choice);
  }

  rewardOf(group, agent, boundary) {
    const { arrays, first } = this.#chunkOf(boundary);
    const size = this.spec.groups[group].agents.length;
    return arrays[`rewards_${group}`][(boundary - first) * size + agent];
  }

  /** The largest value of a feature of a state block so far. */
  peak(block, feature) {
    const key = `${block}/${feature}`;
    const known = this.#peaks.get(key) ?? { chunks: 0, value: 0 };
    for (; known.chunks < this.#chunks.length; known.chunks++) {
      known.value = Math.max(known.value, this.#chunks[known.chunks].arrays[`state_${block}_high`][feature]);
    }
    this.#peaks.set(key, known);
    return known.value;
  }

  /** Whether a head counts for an agent, given its other choices (`active_if`). */
  counts(group, head, agent, boundary) {
    const of = this.spec.groups[group];
    const condition = head.active_if;
    if (!condition) return true;
    const parent = of.discrete_heads[condition.head];
    const choices = this.choice(group, condition.head, boundary);
    return choices !== null && condition.choices.includes(choices[agent]) && this.counts(group, parent, agent, boundary);
  }

  /** Number of a state block, or -1. */
  block(name) {
    return this.spec.state.findIndex((block) => block.name === name);
  }

  /** Number of a feature of a state block, or -1. */
  feature(block, name) {
    return name === null || block < 0 ? -1 : this.spec.state[block].features.findIndex((feature) => feature.name === name);
  }

  /** Boundaries at which intervals ended in which most went wrong: failures, or the least reward where items have no outcome. */
  worst(count) {
    const boundaries = Array.from({ length: this.length - 1 }, (_, i) => i + 1);
    const badness = this.failures.some((n) => n > 0) ? (i) => this.failures[i] : (i) => -this.reward[i];
    return boundaries
      .filter((i) => Number.isFinite(badness(i)))
      .sort((one, other) => badness(other) - badness(one))
      .slice(0, count);
  }
}

function bit(bits, index) {
  return (bits[index >> 3] >> (index & 7)) & 1;
}
