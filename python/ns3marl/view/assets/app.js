// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
// The page: sides with their maps, the clock that moves them, panels, keys and exports.

import { Clock, SPEEDS } from "view/clock.js";
import { Connection, embedded } from "view/connection.js";
import * as exporting from "view/exports.js";
import { AgentPanel, ChartPanel, ItemPanel, StatePanel } from "view/panels.js";
import { Scene } from "view/scene.js";
import { element, shown } from "view/text.js";
import { toggle } from "view/theme.js";
import { TrainingPanel } from "view/training.js";

const WORST = 5; // moments that the button goes through
const GIF_TICKS = 20;

const by = (id) => document.getElementById(id);

class Page {
  constructor(session) {
    this.session = session;
    this.clock = new Clock();
    this.connection = session.offline ? null : new Connection();
    this.loaded = [];
    this.scenes = [];
    this.focus = 0;
    this.selected = null;
    this.tab = "charts";
    this.worst = -1;
    this.panels = {
      charts: new ChartPanel(by("charts"), this),
      items: new ItemPanel(by("items-panel"), this),
      agents: new AgentPanel(by("agents"), this),
      state: new StatePanel(by("state"), this),
    };
    if (session.training) this.panels.training = new TrainingPanel(by("training"), this.connection);
    this.#shown = "";
  }

  #shown;

  /** Episodes that have begun, one for each side. */
  episodes() {
    const all = this.connection ? this.connection.sides.map((side) => side?.episode) : this.loaded;
    return all.filter((episode) => episode && episode.length);
  }

  focused() {
    const sides = this.episodes();
    return sides[Math.min(this.focus, sides.length - 1)];
  }

  async start() {
    toggleStored();
    this.#wire();
    if (this.session.offline) {
      this.loaded = await embedded();
      this.#grown();
    } else {
      this.connection.addEventListener("episode", () => this.#grown());
      this.connection.addEventListener("status", () => this.#status());
      this.connection.addEventListener("metrics", () => this.panels.training.grown());
      this.connection.addEventListener("lost", () => say("The server has ended. What is loaded can still be looked at.", "bad"));
      if (this.panels.training) {
        this.show("training");
        by("empty").textContent = "Play this episode shows the policy of the latest checkpoint here.";
      }
    }
    by("play-new").hidden = !this.session.can_play;
    by("tab-training").hidden = !this.panels.training;
    by("export-html").hidden = Boolean(this.session.offline);
  }

  /** Draws in the next frame, and goes on while something moves: a page that stands still costs nothing. */
  wake() {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame((now) => {
      this.#asked = false;
      this.#draw(now);
      if (this.#moves()) this.wake();
      else this.clock.rest();
    });
  }

  #asked = false;

  #moves() {
    return this.clock.playing && this.clock.time < this.clock.end;
  }

  /** Something was added to an episode. */
  #grown() {
    const sides = this.episodes();
    if (!sides.length) return;
    const began = this.clock.begin === this.clock.end;
    this.clock.setSpan(Math.min(...sides.map((of) => of.time[0])), Math.max(...sides.map((of) => of.time.at(-1))), sides[0].tick_s);
    this.#makeSides(sides);
    if (began && this.clock.end > this.clock.begin && !this.session.offline && sides.some((of) => !of.ended)) this.clock.play(true);
    by("transport").disabled = false;
    const table = sides[0].map?.items?.table;
    by("tab-items").hidden = !table;
    if (table) by("tab-items").textContent = `${table[0].toUpperCase()}${table.slice(1)}`;
    document.body.dataset.ready = "true";
    this.refresh(true);
  }

  #makeSides(sides) {
    by("empty")?.remove();
    while (this.scenes.length < sides.length) {
      const side = this.scenes.length;
      const canvas = element("canvas", { tabindex: "0", "aria-label": "map" });
      const caption = element("figcaption");
      const figure = element("figure", { class: "side" }, caption, canvas);
      by("maps").append(figure);
      const scene = Object.assign(new Scene(canvas), { caption, figure });
      canvas.addEventListener("click", (event) => {
        this.focus = side;
        const found = scene.at(event.offsetX, event.offsetY);
        this.select(found ? (found.item ? { item: found.item.row } : { block: found.block, row: found.row, group: found.group }) : null);
      });
      this.scenes.push(scene);
    }
    sides.forEach((episode, side) => {
      const { policy, seed, run, more } = episode.head;
      const { caption } = this.scenes[side];
      const reason = episode.reason ? element("span", { class: "bad" }, ` ${episode.reason}`) : null;
      const text = `RngSeed ${seed}, RngRun ${run}, ${more.simulator ?? ""} ${more.arguments ?? ""}`;
      caption.replaceChildren(element("b", {}, `${sides.length > 1 ? `${side + 1}: ` : ""}${policy}`), element("span", { class: "note" }, ` ${text}`));
      if (reason) caption.append(reason);
    });
  }

  #status() {
    const { sides, training } = this.connection.status;
    const failed = sides.filter((side) => side.error).map((side) => `${side.source}: ${side.error}`);
    if (failed.length) say(failed.join("\n"), "bad");
    else if (sides.some((side) => side.playing)) say("Playing: the end of what is known moves on.", "note");
    else say("", "note");
    if (training) {
      by("play-episode").disabled = !training.checkpoint;
      this.panels.training.grown();
    }
    by("stop").hidden = !sides.some((side) => side.playing);
  }

  /** Selects an item, an agent or a row on the focused side; null: nothing. */
  select(what) {
    this.selected = what && { ...what, side: this.focus };
    if (what?.item !== undefined) this.show("items");
    else if (what && this.tab !== "state") this.show("agents");
    this.refresh();
  }

  show(tab) {
    this.tab = tab;
    for (const button of document.querySelectorAll("[role=tab]")) button.setAttribute("aria-selected", String(button.dataset.tab === tab));
    for (const panel of document.querySelectorAll("[role=tabpanel]")) panel.hidden = panel.dataset.tab !== tab;
    this.refresh(true);
  }

  /** Draws the panel again; `grown` says that lines have changed. */
  refresh(grown = false) {
    this.wake();
    if (this.tab === "training" && this.connection?.status) this.panels.training.update();
    const episode = this.focused();
    if (!episode) return;
    const boundary = episode.boundaryAt(this.clock.time);
    if (this.tab === "charts") {
      if (grown) this.panels.charts.update();
    } else if (this.tab !== "training") {
      this.panels[this.tab].update(boundary);
    }
    this.#shown = `${this.focus}/${boundary}`;
  }

  #draw(now) {
    const sides = this.episodes();
    if (!sides.length) return;
    this.clock.advance(now);
    const time = this.clock.time;
    sides.forEach((episode, side) => {
      const scene = this.scenes[side];
      scene.selected = this.selected?.side === side ? this.selected : null;
      scene.figure.classList.toggle("focused", sides.length > 1 && side === this.focus);
      scene.draw(episode, time);
    });
    const episode = this.focused();
    const boundary = episode.boundaryAt(time);
    by("position").value = this.clock.end > this.clock.begin ? (time - this.clock.begin) / (this.clock.end - this.clock.begin) : 0;
    by("time").textContent = `${time.toFixed(3)} s, tick ${episode.tick[boundary]} of ${episode.spec.ticks || episode.tick.at(-1)}, reward ${shown(episode.reward[boundary])}`;
    this.panels.charts.mark(time);
    if (`${this.focus}/${boundary}` !== this.#shown && (!this.#moves() || now - (this.#paced ?? 0) > 200)) {
      this.#paced = now;
      this.refresh();
    }
  }

  #paced = null;

  step(boundaries) {
    const episode = this.focused();
    this.clock.play(false);
    const at = episode.boundaryAt(this.clock.time) + boundaries;
    this.clock.seek(episode.time[Math.min(Math.max(at, 0), episode.length - 1)]);
  }

  /** Goes to the beginning of the interval in which most went wrong; again: to the next worst one. */
  toWorst() {
    const episode = this.focused();
    const moments = episode.worst(WORST);
    if (!moments.length) return;
    this.worst = (this.worst + 1) % moments.length;
    const boundary = moments[this.worst];
    this.clock.play(false);
    this.clock.seek(episode.time[boundary - 1]);
    const failed = episode.failures[boundary];
    say(`Worst moment ${this.worst + 1} of ${moments.length}: reward ${shown(episode.reward[boundary])}${failed ? `, ${failed} failed` : ""}.`, "note");
    const bad = episode.itemsEnding[boundary]?.find((item) => !item.good);
    if (bad) this.select({ item: bad.row });
  }

  async export(kind) {
    by("export").open = false;
    try {
      const progress = (text) => say(text, "note");
      if (kind === "gif" || kind === "video") await exporting[kind](this, GIF_TICKS, progress);
      else await exporting[kind](this);
      say("Saved.", "note");
    } catch (error) {
      say(`Not saved: ${error.message}`, "bad");
    }
  }

  async playNew() {
    const seed = Number(by("seed").value);
    const run = Number(by("run").value);
    try {
      this.clock.reset();
      this.worst = -1;
      this.selected = null;
      await this.connection.play(seed, run);
      by("run").value = run + 1;
    } catch (error) {
      say(error.message, "bad");
    }
  }

  #wire() {
    const on = (id, what) => by(id).addEventListener("click", what);
    on("play", () => this.clock.play());
    on("back", () => this.step(-1));
    on("forth", () => this.step(1));
    on("worst", () => this.toWorst());
    on("theme", () => this.#theme());
    on("stop", () => this.connection.stop());
    on("keys", () => by("help").showModal());
    for (const kind of ["png", "gif", "video", "html"]) on(`export-${kind}`, () => this.export(kind));
    for (const button of document.querySelectorAll("[role=tab]")) button.addEventListener("click", () => this.show(button.dataset.tab));
    by("play-new").addEventListener("submit", (event) => {
      event.preventDefault();
      this.playNew();
    });
    if (!this.session.offline) {
      by("seed").value = this.session.seed;
      by("run").value = this.session.run + (this.session.sides.some((side) => side.episode) ? 1 : 0);
    }
    by("position").addEventListener("input", (event) => this.clock.seek(this.clock.begin + event.target.value * (this.clock.end - this.clock.begin)));
    by("speed").append(...SPEEDS.map((speed) => element("option", { value: speed }, `${speed} tick${speed === 1 ? "" : "s"}/s`)));
    by("speed").value = this.clock.speed;
    by("speed").addEventListener("change", (event) => {
      this.clock.speed = Number(event.target.value);
    });
    this.clock.addEventListener("change", () => {
      this.wake();
      by("play").textContent = this.clock.playing ? "Pause" : "Play";
      by("speed").value = this.clock.speed;
    });
    addEventListener("click", (event) => event.detail && event.target.closest("button")?.blur()); // space plays after a mouse click, too
    addEventListener("keydown", (event) => this.#key(event));
    addEventListener("resize", () => this.refresh(true));
  }

  #theme() {
    toggle();
    try {
      localStorage.setItem("ns3marl-theme", document.documentElement.dataset.theme);
    } catch {
      // A page from the disk may not store anything.
    }
    this.refresh(true);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || ["INPUT", "SELECT"].includes(event.target.tagName)) return;
    if (event.key === "?") by("help").showModal();
    if (event.key === "d") this.#theme();
    if (!this.episodes().length) return;
    const keys = {
      " ": () => this.clock.play(),
      ArrowLeft: () => this.step(event.shiftKey ? -10 : -1),
      ArrowRight: () => this.step(event.shiftKey ? 10 : 1),
      Home: () => this.clock.seek(this.clock.begin),
      End: () => this.clock.seek(this.clock.end),
      "+": () => this.clock.faster(1),
      "-": () => this.clock.faster(-1),
      w: () => this.toWorst(),
      p: () => this.export("png"),
      1: () => this.#focusOn(0),
      2: () => this.#focusOn(1),
      Escape: () => this.select(null),
    };
    if (event.key === " " && event.target.tagName === "BUTTON") return; // the button's own key
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  }

  #focusOn(side) {
    this.focus = Math.min(side, this.episodes().length - 1);
    this.refresh(true);
  }
}

function toggleStored() {
  try {
    const stored = localStorage.getItem("ns3marl-theme");
    if (stored) toggle(stored);
  } catch {
    // See Page.#theme.
  }
}

function say(text, kind) {
  by("message").textContent = text;
  by("message").className = kind;
}

/** Begins the page; `window.page` is there for tests and the browser's console. */
export async function start() {
  window.page = new Page(JSON.parse(by("session").textContent));
  await window.page.start();
}
