// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
// Draws an episode at a simulated time: the map that its scenario declares, or its agents as cells where there is none.
// What changes only at boundaries is drawn once each; what moves, every frame.

import { agentGrid } from "view/grid.js";
import { stageAt, underWay } from "view/items.js";
import { BAD, GOOD, ofSuccess, palette, SERIES } from "view/theme.js";

const MARGIN = 26;
const METER_WIDTH = 104;
const WINDOW = 10; // ticks over which links are counted
const REACH = 14; // pixels around a click

export class Scene {
  constructor(canvas) {
    this.canvas = canvas;
    this.still = document.createElement("canvas");
    this.selected = null;
    this.#key = "";
    this.spots = []; // where things are drawn, for clicks: {x, y, block, row}
  }

  #key;

  /** Draws; `now` is the clock's time. */
  draw(episode, now) {
    const ratio = devicePixelRatio || 1;
    const width = Math.max(1, Math.round(this.canvas.clientWidth * ratio));
    const height = Math.max(1, Math.round(this.canvas.clientHeight * ratio));
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    this.paint(this.canvas.getContext("2d"), episode, now, width / ratio, height / ratio, ratio);
  }

  /** Draws on any canvas, in CSS pixels times `ratio`. */
  paint(context, episode, now, width, height, ratio) {
    const boundary = episode.length ? episode.boundaryAt(now) : -1;
    const theme = document.documentElement.dataset.theme ?? "";
    const key = [episode.head.run, episode.length, boundary, width, height, ratio, theme, JSON.stringify(this.selected)].join();
    if (key !== this.#key) {
      this.#key = key;
      Object.assign(this.still, { width: width * ratio, height: height * ratio });
      const still = this.still.getContext("2d");
      still.setTransform(ratio, 0, 0, ratio, 0, 0);
      this.#drawStill(still, episode, boundary, width, height);
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.still, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (boundary >= 0 && this.layers) this.#drawItems(context, episode, now);
  }

  #drawStill(context, episode, boundary, width, height) {
    const colours = palette();
    context.fillStyle = colours.ground;
    context.fillRect(0, 0, width, height);
    this.layers = null;
    this.spots = [];
    if (boundary < 0) return;
    const layers = placed(episode, boundary);
    if (!layers.length) {
      this.spots = agentGrid(context, episode, boundary, width, height, colours, this.selected);
      return;
    }
    const meters = (episode.map.meters ?? []).filter((meter) => episode.feature(episode.block(meter.block), meter.value) >= 0);
    const below = height > 1.05 * width; // there is more room below the map than beside it
    const taken = (along) => (meters.length && along ? METER_WIDTH : 0);
    const frame = { left: MARGIN, top: MARGIN, width: width - 2 * MARGIN - taken(!below), height: height - 2 * MARGIN - taken(below) };
    const project = projection(layers, frame);
    for (const layer of layers) layer.points = layer.xs.map((x, row) => project(x, layer.ys[row]));
    this.layers = layers;
    axes(context, layers, project, colours);
    this.#drawLinks(context, episode, boundary);
    for (const layer of layers) this.#drawLayer(context, episode, layer, boundary, colours);
    let place = below ? { left: MARGIN, top: height - METER_WIDTH } : { left: width - METER_WIDTH, top: MARGIN };
    for (const meter of meters) place = drawMeter(context, episode, meter, boundary, place, below ? width - MARGIN : width, colours);
  }

  #points(name) {
    return this.layers.find((layer) => layer.name === name)?.points;
  }

  #drawLinks(context, episode, boundary) {
    const links = episode.items.length ? counted(episode, boundary) : chosen(episode, boundary, this.layers);
    if (!links.length) return;
    const declared = episode.map.items;
    const most = Math.max(...links.map((link) => link.count));
    const thin = links.length > 400 ? 0.5 : 1;
    const batches = new Map();
    for (const link of links) {
      const from = (link.from ? this.#points(link.from) : this.#points(declared.source_block))?.[link.source];
      const to = (link.to ? this.#points(link.to) : this.#points(declared.target_block))?.[link.target];
      if (!from || !to) continue;
      const colour = link.share === null ? palette().soft : ofSuccess(link.share);
      const wide = thin * (0.6 + Math.round((4 * link.count) / most) * 0.6);
      const key = `${colour}/${wide}`;
      if (!batches.has(key)) batches.set(key, { colour, wide, lines: [] });
      batches.get(key).lines.push(from, to);
    }
    context.globalAlpha = links.length > 400 ? 0.35 : 0.6;
    for (const { colour, wide, lines } of batches.values()) {
      context.strokeStyle = colour;
      context.lineWidth = wide;
      context.beginPath();
      for (let i = 0; i < lines.length; i += 2) {
        context.moveTo(lines[i].x, lines[i].y);
        context.lineTo(lines[i + 1].x, lines[i + 1].y);
      }
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  #drawLayer(context, episode, layer, boundary, colours) {
    const { places, block, points } = layer;
    const many = points.length > 200;
    const size = places.shape === "square" ? (points.length > 40 ? 6 : 10) : many ? 2.6 : 5;
    const queue = episode.feature(block, places.queue);
    const queued = queue < 0 ? null : episode.state(block, queue, boundary);
    const peak = queue < 0 ? 0 : episode.peak(block, queue);
    const level = episode.feature(block, places.level);
    const levels = level < 0 ? null : episode.state(block, level, boundary);
    const agents = episode.spec.state[block].agents_of;
    const outline = (point) => {
      if (places.shape === "square") context.rect(point.x - size, point.y - size, 2 * size, 2 * size);
      else {
        context.moveTo(point.x + size, point.y);
        context.arc(point.x, point.y, size, 0, 2 * Math.PI);
      }
    };
    const fill = (colour, rows) => {
      context.fillStyle = colour;
      context.beginPath();
      rows.forEach((row) => outline(points[row]));
      context.fill();
    };
    const rows = [...points.keys()];
    const absent = agents === null ? [] : rows.filter((row) => !episode.present(agents, row, boundary));
    const asked = agents === null ? [] : rows.filter((row) => episode.active(agents, row, boundary));
    fill(places.shape === "square" ? colours.panel : colours.device, rows);
    if (asked.length) fill(SERIES[0], asked);
    if (absent.length) fill(colours.line, absent);
    if (levels) {
      const { low, high } = episode.spec.state[block].features[level];
      for (const row of rows) {
        const share = Math.min(Math.max((levels[row] - low) / (high - low), 0), 1);
        context.fillStyle = share > 0.9 ? BAD : SERIES[0];
        context.fillRect(points[row].x - size, points[row].y + size - 2 * size * share, 2 * size, 2 * size * share);
      }
    }
    if (places.shape === "square") {
      context.strokeStyle = colours.ink;
      context.lineWidth = 1.4;
      context.beginPath();
      rows.forEach((row) => outline(points[row]));
      context.stroke();
    }
    if (queued && peak > 0) {
      context.fillStyle = SERIES[1];
      for (const row of rows) {
        const long = 3 * size * (queued[row] / peak);
        if (long > 0.5) context.fillRect(points[row].x + size + 2, points[row].y + size - long, many ? 2 : 4, long);
      }
    }
    if (places.shape === "square" && points.length <= 40) {
      context.fillStyle = colours.ink;
      context.font = "11px system-ui, sans-serif";
      context.textAlign = "center";
      rows.forEach((row) => context.fillText(episode.spec.state[block].rows[row], points[row].x, points[row].y - size - 5));
    }
    rows.forEach((row) => this.spots.push({ ...points[row], block, row, group: agents }));
    if (this.selected?.block === block) {
      const point = points[this.selected.row];
      context.strokeStyle = SERIES[6];
      context.lineWidth = 2.5;
      context.beginPath();
      context.arc(point.x, point.y, size + 6, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  #drawItems(context, episode, now) {
    this.moving = [];
    const declared = episode.map.items;
    if (!declared) return;
    const sources = this.#points(declared.source_block);
    const targets = this.#points(declared.target_block);
    if (!sources) return;
    const small = episode.spec.state[episode.block(declared.source_block)].rows.length > 200 ? 2 : 3.5;
    for (const good of [true, false]) {
      context.fillStyle = good ? GOOD : BAD;
      context.beginPath();
      for (const item of underWay(episode, now)) {
        if (item.good !== good) continue;
        const point = whereIs(item, now, sources[item.source], item.target < 0 ? null : targets?.[item.target]);
        if (!point) continue;
        context.moveTo(point.x + small, point.y);
        context.arc(point.x, point.y, small, 0, 2 * Math.PI);
        this.moving.push({ ...point, item });
      }
      context.fill();
    }
    const chosenItem = this.selected?.item !== undefined && this.moving.find((of) => of.item.row === this.selected.item);
    if (chosenItem) {
      context.strokeStyle = SERIES[6];
      context.lineWidth = 2;
      context.beginPath();
      context.arc(chosenItem.x, chosenItem.y, small + 5, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  /** What stands at a point of the canvas: {item}, {block, row, group}, or null. */
  at(x, y) {
    const nearest = (spots) =>
      spots
        .map((spot) => ({ spot, far: spot.width ? inside(spot, x, y) : Math.hypot(spot.x - x, spot.y - y) }))
        .filter(({ far }) => far < REACH)
        .sort((one, other) => one.far - other.far)[0];
    const moving = nearest(this.moving ?? []);
    const still = nearest(this.spots);
    if (moving && (!still || moving.far < still.far)) return { item: moving.spot.item };
    return still ? still.spot : null;
  }
}

function inside(spot, x, y) {
  return x >= spot.x && x < spot.x + spot.width && y >= spot.y && y < spot.y + spot.height ? 0 : Infinity;
}

/** The places of a map at a boundary, with coordinates. */
function placed(episode, boundary) {
  return (episode.map?.places ?? [])
    .map((places) => {
      const block = episode.block(places.block);
      const [x, y] = [episode.feature(block, places.x), episode.feature(block, places.y)];
      if (x < 0 || y < 0) return null;
      const features = episode.spec.state[block].features;
      return {
        places,
        block,
        name: places.block,
        xs: [...episode.state(block, x, boundary)],
        ys: [...episode.state(block, y, boundary)],
        bounds: [features[x], features[y]],
      };
    })
    .filter((layer) => layer !== null);
}

function projection(layers, frame) {
  const low = [0, 1].map((axis) => Math.min(...layers.map((layer) => layer.bounds[axis].low)));
  const high = [0, 1].map((axis) => Math.max(...layers.map((layer) => layer.bounds[axis].high)));
  const scale = Math.min(frame.width / (high[0] - low[0]), frame.height / (high[1] - low[1]));
  const left = frame.left + (frame.width - scale * (high[0] - low[0])) / 2;
  const bottom = frame.top + (frame.height + scale * (high[1] - low[1])) / 2;
  return (x, y) => ({ x: left + scale * (x - low[0]), y: bottom - scale * (y - low[1]) });
}

function axes(context, layers, project, colours) {
  const [xs, ys] = layers[0].bounds;
  const [from, to] = [project(xs.low, ys.low), project(xs.high, ys.high)];
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  context.strokeRect(from.x, to.y, to.x - from.x, from.y - to.y);
  context.fillStyle = colours.soft;
  context.font = "10px system-ui, sans-serif";
  context.textAlign = "left";
  context.fillText(`${xs.low} ${xs.unit}`, from.x, from.y + 13);
  context.textAlign = "right";
  context.fillText(`${Number(xs.high.toPrecision(4))} ${xs.unit}`, to.x, from.y + 13);
}

/** Pairs of source and target with the items of the last ticks: how many, and the share that succeeded. */
function counted(episode, boundary) {
  const pairs = new Map();
  for (let i = Math.max(0, boundary - WINDOW + 1); i <= boundary + 1 && i < episode.length; i++) {
    for (const item of episode.itemsEnding[i]) {
      if (item.target < 0) continue;
      const key = item.source * 65536 + item.target;
      const pair = pairs.get(key) ?? { source: item.source, target: item.target, count: 0, good: 0 };
      pair.count++;
      pair.good += item.good;
      pairs.set(key, pair);
    }
  }
  return [...pairs.values()].map((pair) => ({ ...pair, share: pair.good / pair.count }));
}

/** Without items: what each agent that acts has chosen, where choices of a head are rows on the map. */
function chosen(episode, boundary, layers) {
  const links = [];
  for (const to of layers) {
    for (const { group, head, choices } of episode.spec.state[to.block].choices_of) {
      const from = layers.find((layer) => episode.spec.state[layer.block].agents_of === group);
      const taken = from && episode.choice(group, head, boundary);
      if (!taken) continue;
      const of = episode.spec.groups[group].discrete_heads[head];
      taken.forEach((choice, agent) => {
        const row = choices.indexOf(choice);
        if (row < 0 || !episode.active(group, agent, boundary) || !episode.counts(group, of, agent, boundary)) return;
        links.push({ source: agent, target: row, count: 1, share: null, from: from.name, to: to.name });
      });
    }
  }
  return links;
}

function whereIs(item, now, source, target) {
  const found = stageAt(item, now);
  if (!found || !source) return null;
  const { stage, share } = found;
  const far = { source: 0, out: share, target: 1, back: 1 - share }[stage.where];
  if (!target || far === 0) return { x: source.x, y: source.y - 9 };
  if (far === 1) {
    const angle = item.row * 2.4; // spreads those that wait at one target
    return { x: target.x + 15 * Math.cos(angle), y: target.y + 15 * Math.sin(angle) };
  }
  return { x: source.x + (target.x - source.x) * far, y: source.y + (target.y - source.y) * far };
}

/** Draws a meter's bars below each other, in columns as far as `right`; gives where the next meter begins. */
function drawMeter(context, episode, meter, boundary, { left, top }, right, colours) {
  const block = episode.block(meter.block);
  const feature = episode.feature(block, meter.value);
  const { low, high } = episode.spec.state[block].features[feature];
  const values = episode.state(block, feature, boundary);
  const columns = Math.max(1, Math.floor((right - left) / METER_WIDTH));
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "left";
  context.fillStyle = colours.soft;
  let y = top + 10;
  for (const line of wrapped(meter.title, columns > 1 ? 60 : 15)) {
    context.fillText(line, left, y);
    y += 13;
  }
  values.forEach((value, row) => {
    const share = Math.min(Math.max((value - low) / (high - low), 0), 1);
    const x = left + (row % columns) * METER_WIDTH;
    const at = y + 28 * Math.floor(row / columns);
    context.fillStyle = colours.ink;
    context.fillText(episode.spec.state[block].rows[row], x, at + 8);
    context.fillStyle = colours.line;
    context.fillRect(x, at + 12, METER_WIDTH - 18, 7);
    context.fillStyle = share > 0.8 ? BAD : share > 0.5 ? SERIES[1] : GOOD;
    context.fillRect(x, at + 12, (METER_WIDTH - 18) * share, 7);
  });
  return { left, top: y + 28 * Math.ceil(values.length / columns) + 8 };
}

function wrapped(text, width) {
  const lines = [""];
  for (const word of text.split(" ")) {
    if (lines.at(-1) && lines.at(-1).length + word.length > width) lines.push("");
    lines[lines.length - 1] += (lines.at(-1) ? " " : "") + word;
  }
  return lines;
}
