// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
// Where episodes come from: the server that gave the page, or the page itself.

import { Episode } from "view/episode.js";
import { fromBase64, unpack } from "view/frames.js";

/** Episodes that stand in the page. */
export async function embedded() {
  const texts = [...document.querySelectorAll("script.episode")].map((script) => script.textContent);
  return Promise.all(
    texts.map(async (text) => {
      const [first, ...others] = await unpack(fromBase64(text));
      const episode = new Episode(first.head);
      others.forEach((frame) => episode.append(frame));
      return episode;
    }),
  );
}

/** Follows the server's episodes and trainings; tells by the events `episode` (a side has more), `status`, `metrics` and `lost`. */
export class Connection extends EventTarget {
  constructor() {
    super();
    this.sides = [];
    this.rows = [];
    this.status = null;
    this.#version = 0;
    this.#source = new EventSource("events");
    this.#source.onmessage = (event) => this.#take(JSON.parse(event.data));
    this.#source.onerror = () => this.dispatchEvent(new Event("lost"));
  }

  #source;
  #version;
  #busy = false;
  #again = false;

  async #take(status) {
    this.status = status;
    this.dispatchEvent(new Event("status"));
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    try {
      do {
        this.#again = false;
        for (let side = 0; side < this.status.sides.length; side++) await this.#follow(side);
        await this.#metrics();
      } while (this.#again);
    } finally {
      this.#busy = false;
    }
  }

  async #follow(side) {
    const { episode: number, frames } = this.status.sides[side];
    let known = this.sides[side];
    if (!known || known.number !== number) known = this.sides[side] = { number, taken: 0, episode: null };
    if (frames <= known.taken) return;
    const answer = await fetch(`frames/${side}?episode=${number}&from=${known.taken}`);
    if (!answer.ok) return; // another episode has begun, of which the next event tells
    const got = await unpack(new Uint8Array(await answer.arrayBuffer()));
    for (const frame of got) {
      if (frame.head.kind === "episode") known.episode = new Episode(frame.head);
      else known.episode.append(frame);
    }
    known.taken += got.length;
    this.dispatchEvent(new CustomEvent("episode", { detail: side }));
  }

  async #metrics() {
    const training = this.status.training;
    if (!training) return;
    if (training.version !== this.#version) {
      this.#version = training.version;
      this.rows = [];
    }
    if (training.rows <= this.rows.length) return;
    const answer = await fetch(`metrics?from=${this.rows.length}`);
    if (!answer.ok) return;
    this.rows.push(...(await answer.json()));
    this.dispatchEvent(new Event("metrics"));
  }

  /** Begins an episode on every side that plays. */
  async play(seed, run) {
    return answered(await fetch("play", { method: "POST", body: JSON.stringify({ seed, run }) }));
  }

  async stop() {
    return answered(await fetch("stop", { method: "POST" }));
  }
}

async function answered(answer) {
  if (!answer.ok) throw new Error(await answer.text());
}
