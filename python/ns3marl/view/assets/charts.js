// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
// Lines over simulated time or over ticks of a training, with uPlot.

import uPlot from "view/vendor/uplot.js";
import { palette, SERIES } from "view/theme.js";

/** A chart whose lines come from a function, with a mark at the time that the page shows. */
export class Chart {
  /**
   * @param parent element that holds it
   * @param title above it
   * @param lines function that gives {x: [...], series: [{label, values, dashed}], unit}
   * @param onseek called with the place on the horizontal axis that was clicked
   */
  constructor(parent, title, lines, onseek = null, axis = "simulated time [s]") {
    Object.assign(this, { parent, title, lines, onseek, axis });
    this.box = document.createElement("section");
    this.box.className = "chart";
    const heading = document.createElement("h3");
    heading.textContent = title;
    this.place = document.createElement("div");
    this.box.append(heading, this.place);
    parent.append(this.box);
    this.mark = document.createElement("div");
    this.mark.className = "mark";
    this.mark.hidden = true;
    this.#labels = null;
  }

  #labels;

  /** Takes the lines anew. */
  update() {
    const { x, series } = this.lines();
    const data = [x, ...series.map((line) => line.values)];
    const labels = JSON.stringify([series.map((line) => line.label), document.documentElement.dataset.theme, this.width()]);
    if (labels === this.#labels && this.plot) {
      this.plot.setData(data);
    } else {
      this.#labels = labels;
      this.plot?.destroy();
      this.plot = new uPlot(this.#options(series), data, this.place);
      this.plot.over.append(this.mark);
      if (this.onseek) this.plot.over.addEventListener("click", (event) => this.onseek(this.plot.posToVal(event.offsetX, "x")));
    }
  }

  width() {
    return Math.max(160, this.parent.clientWidth - 4);
  }

  /** Moves the mark; null hides it. */
  markAt(x) {
    const at = x === null || !this.plot ? NaN : this.plot.valToPos(x, "x");
    this.mark.hidden = !Number.isFinite(at);
    this.mark.style.transform = `translateX(${at}px)`;
  }

  #options(series) {
    const { soft, line } = palette();
    const axis = { stroke: soft, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "11px system-ui", size: 44 };
    return {
      width: this.width(),
      height: 128,
      scales: { x: { time: false } },
      legend: { show: series.length > 1 && series.length <= 8, live: false },
      cursor: { y: false, points: { size: 5 } },
      axes: [{ ...axis, size: 26, values: (_, ticks) => ticks.map((tick) => short(tick)) }, { ...axis, values: (_, ticks) => ticks.map((tick) => short(tick)) }],
      series: [
        { label: this.axis },
        ...series.map((of, i) => ({
          label: of.label,
          stroke: of.colour ?? SERIES[i % SERIES.length],
          width: 1.4,
          dash: of.dashed ? [5, 4] : undefined,
          points: { show: false },
          spanGaps: true,
        })),
      ],
    };
  }

  remove() {
    this.plot?.destroy();
    this.box.remove();
  }
}

function short(value) {
  if (Math.abs(value) >= 1e4 || (value !== 0 && Math.abs(value) < 1e-3)) return value.toExponential(0);
  return String(Number(value.toPrecision(4)));
}
