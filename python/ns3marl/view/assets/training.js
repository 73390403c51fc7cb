// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
// A run in training: its metrics over ticks, as they grow.

import { Chart } from "view/charts.js";
import { element } from "view/text.js";

const PAUSE_MS = 3000; // between two drawings of the charts, which cost the training's machine time
const FIRST = ["reward_per_tick", "episode/", "ticks_per_s"];

export class TrainingPanel {
  constructor(parent, connection) {
    Object.assign(this, { parent, connection });
    this.note = element("p", { class: "note", id: "training-note" });
    this.choice = element("select", { multiple: true, size: 6, "aria-label": "metrics of the training" });
    this.place = element("div");
    this.charts = new Map();
    this.names = [];
    parent.append(this.note, element("details", {}, element("summary", {}, "choose metrics"), this.choice), this.place);
    this.choice.addEventListener("change", () => this.update());
  }

  /** There are more rows: draws them soon. */
  grown() {
    this.#tell();
    const passed = performance.now() - (this.drawn ?? -PAUSE_MS);
    this.timer ??= setTimeout(() => this.update(), Math.max(0, PAUSE_MS - passed));
  }

  #tell() {
    const rows = this.connection.rows;
    const training = this.connection.status.training;
    const last = rows.at(-1);
    this.note.textContent = last
      ? `${training.running ? "In training" : "Not in training now"}: ${last.ticks} ticks, update ${last.update ?? "–"}`
      : `${training.running ? "In training" : "Not in training now"}: nothing is logged yet`;
  }

  update() {
    clearTimeout(this.timer);
    this.timer = null;
    this.drawn = performance.now();
    this.#tell();
    const rows = this.connection.rows;
    const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) => !["ticks", "update", "wall_s"].includes(name));
    if (names.join() !== this.names.join()) {
      const kept = new Set([...this.choice.selectedOptions].map((option) => option.value));
      const wanted = kept.size ? kept : new Set(this.#first(names));
      this.names = names;
      this.choice.replaceChildren(...names.map((name) => element("option", { value: name, selected: wanted.has(name) }, name)));
    }
    const shown = [...this.choice.selectedOptions].map((option) => option.value);
    for (const [name, chart] of this.charts) {
      if (!shown.includes(name)) {
        chart.remove();
        this.charts.delete(name);
      }
    }
    for (const name of shown) {
      if (!this.charts.has(name)) this.charts.set(name, new Chart(this.place, name, () => this.#lines(name), null, "ticks"));
      this.charts.get(name).update();
    }
  }

  #first(names) {
    return FIRST.flatMap((begin) => names.filter((name) => name.startsWith(begin)).slice(0, 2)).slice(0, 4);
  }

  #lines(name) {
    const rows = this.connection.rows.filter((row) => name in row);
    return { x: rows.map((row) => row.ticks), series: [{ label: name, values: rows.map((row) => row[name]) }] };
  }
}
