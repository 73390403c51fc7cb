// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
// The time that all sides of the page show: simulated seconds from the first boundary on, played at a number of ticks a second.

export const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30];

export class Clock extends EventTarget {
  constructor() {
    super();
    this.time = 0;
    this.begin = 0;
    this.end = 0;
    this.tick_s = 1;
    this.speed = 2; // ticks a second
    this.playing = false;
    this.#last = null;
  }

  #last;

  /** Tells how far episodes are known. */
  setSpan(begin, end, tick_s) {
    if (this.end === this.begin) this.time = begin;
    Object.assign(this, { begin, end, tick_s });
    this.time = Math.min(Math.max(this.time, begin), end);
  }

  reset() {
    Object.assign(this, { time: 0, begin: 0, end: 0 });
  }

  /** Goes on to the moment of an animation frame [ms]; at the end of what is known it waits for more. */
  advance(now) {
    if (this.playing && this.#last !== null) {
      const passed = Math.min((now - this.#last) / 1000, 0.25);
      this.time = Math.min(this.time + passed * this.speed * this.tick_s, this.end);
    }
    this.#last = now;
  }

  /** Nothing is drawn for a while: that time does not count. */
  rest() {
    this.#last = null;
  }

  play(playing = !this.playing) {
    if (playing && this.time >= this.end) this.time = this.begin;
    this.playing = playing;
    this.dispatchEvent(new Event("change"));
  }

  seek(time) {
    this.time = Math.min(Math.max(time, this.begin), this.end);
    this.dispatchEvent(new Event("change"));
  }

  faster(steps) {
    const place = SPEEDS.indexOf(this.speed) + steps;
    this.speed = SPEEDS[Math.min(Math.max(place, 0), SPEEDS.length - 1)];
    this.dispatchEvent(new Event("change"));
  }
}
