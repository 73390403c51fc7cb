// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
// Frames of a recording: see ns3marl/view/frames.py.

const KINDS = { u1: Uint8Array, u2: Uint16Array, i4: Int32Array, f4: Float32Array, f8: Float64Array };

/** Unpacks all whole frames in some bytes: [{head, arrays}]. */
export async function unpack(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + view.getUint32(at, true);
    if (end > bytes.length) break;
    frames.push(parsed(await gunzipped(bytes.subarray(at + 4, end))));
    at = end;
  }
  return frames;
}

async function gunzipped(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

function parsed(block) {
  const length = new DataView(block).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(block, 4, length)));
  const arrays = {};
  for (const [name, [kind, shape, offset]] of Object.entries(head.arrays)) {
    const count = shape.reduce((product, size) => product * size, 1);
    arrays[name] = new KINDS[kind](block, 4 + length + offset, count);
  }
  return { head, arrays };
}

/** The bytes of a base64 text. */
export function fromBase64(text) {
  return Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
}
