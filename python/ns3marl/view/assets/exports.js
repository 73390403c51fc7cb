// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
// The maps as a picture, an animation or a video; the page as one file.

import { applyPalette, GIFEncoder, quantize } from "view/vendor/gifenc.js";
import { Scene } from "view/scene.js";
import { palette } from "view/theme.js";
import { shown } from "view/text.js";

const WIDTH = 960;
const HEIGHT = 560;
const TITLE = 44;
const FRAMES_PER_S = 20;
const MOST_FRAMES = 160;

/** Draws all sides with their titles at a time on a canvas of its own. */
export class Picture {
  constructor(page, ratio = 1) {
    this.page = page;
    this.ratio = ratio;
    this.canvas = document.createElement("canvas");
    const sides = page.episodes().length;
    this.side = { width: Math.round(WIDTH / sides), height: HEIGHT };
    Object.assign(this.canvas, { width: this.side.width * sides * ratio, height: (HEIGHT + TITLE) * ratio });
    this.scenes = page.episodes().map(() => new Scene(document.createElement("canvas")));
  }

  draw(time) {
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    const { width, height } = this.side;
    const colours = palette();
    this.page.episodes().forEach((episode, side) => {
      const scene = this.scenes[side];
      const own = scene.canvas;
      if (own.width !== width * this.ratio) Object.assign(own, { width: width * this.ratio, height: height * this.ratio });
      scene.paint(own.getContext("2d"), episode, time, width, height, this.ratio);
      context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
      context.fillStyle = colours.panel;
      context.fillRect(side * width, 0, width, TITLE);
      context.fillStyle = colours.ink;
      context.font = "600 15px system-ui, sans-serif";
      context.textAlign = "left";
      context.fillText(`${episode.spec.scenario}: ${episode.head.policy}`, side * width + 14, 19, width - 28);
      context.font = "12px system-ui, sans-serif";
      context.fillStyle = colours.soft;
      const boundary = episode.boundaryAt(time);
      const texts = [`${time.toFixed(3)} s`, `tick ${episode.tick[boundary]}`, `reward ${shown(episode.reward[boundary])}`, `RngSeed ${episode.head.seed}, RngRun ${episode.head.run}`];
      context.fillText(texts.join("   "), side * width + 14, 36, width - 28);
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.drawImage(own, side * width * this.ratio, TITLE * this.ratio);
    });
    return this.canvas;
  }
}

/** The moment at hand as PNG, at twice the size. */
export async function png(page) {
  const canvas = new Picture(page, 2).draw(page.clock.time);
  save(await new Promise((done) => canvas.toBlob(done, "image/png")), "png");
}

/** Some ticks from the moment at hand on as GIF. */
export async function gif(page, ticks, progress) {
  const picture = new Picture(page);
  const encoder = GIFEncoder();
  const times = moments(page, ticks);
  let colours = null;
  for (const [number, time] of times.entries()) {
    const canvas = picture.draw(time);
    const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    colours ??= quantize(data, 256);
    encoder.writeFrame(applyPalette(data, colours), width, height, { palette: colours, delay: 1000 / FRAMES_PER_S });
    progress(`GIF ${Math.round((100 * (number + 1)) / times.length)} %`);
    await new Promise((done) => setTimeout(done));
  }
  encoder.finish();
  save(new Blob([encoder.bytes()], { type: "image/gif" }), "gif");
}

/** Some ticks from the moment at hand on as a video: MP4 where the browser can write it, WebM elsewhere. */
export async function video(page, ticks, progress) {
  const kind = ["video/mp4;codecs=avc1.42E01F", "video/mp4", "video/webm;codecs=vp9", "video/webm"].find((type) => MediaRecorder.isTypeSupported(type));
  if (!kind) throw new Error("this browser writes no video; export a GIF instead");
  const picture = new Picture(page);
  const times = moments(page, ticks);
  picture.draw(times[0]);
  const recorder = new MediaRecorder(picture.canvas.captureStream(FRAMES_PER_S), { mimeType: kind, videoBitsPerSecond: 6e6 });
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const ended = new Promise((done) => (recorder.onstop = done));
  recorder.start();
  for (const [number, time] of times.entries()) {
    picture.draw(time);
    progress(`video ${Math.round((100 * (number + 1)) / times.length)} %`);
    await new Promise((done) => setTimeout(done, 1000 / FRAMES_PER_S));
  }
  recorder.stop();
  await ended;
  save(new Blob(parts, { type: kind }), kind.includes("mp4") ? "mp4" : "webm");
}

/** The page with its episodes as one file. */
export async function html() {
  const answer = await fetch("export.html");
  if (!answer.ok) throw new Error(await answer.text());
  save(await answer.blob(), "html");
}

function moments(page, ticks) {
  const { time, end, tick_s, speed } = page.clock;
  const begin = time >= end ? page.clock.begin : time;
  const until = Math.min(begin + ticks * tick_s, end);
  const step = Math.max((speed * tick_s) / FRAMES_PER_S, (until - begin) / MOST_FRAMES, 1e-9);
  return Array.from({ length: Math.floor((until - begin) / step) + 1 }, (_, i) => begin + i * step);
}

function save(blob, suffix) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `ns3marl-view.${suffix}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
