// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
// Colours, light and dark.

export const SERIES = ["#3b82c4", "#e08a2e", "#4aa564", "#c9534f", "#8d6cc0", "#8c6d5a", "#d277b0", "#7f8790"];
export const GOOD = "#4aa564";
export const MIDDLING = "#e0a32e";
export const BAD = "#d0524d";

/** The colour of a share of successes. */
export function ofSuccess(share) {
  return share > 0.9 ? GOOD : share > 0.5 ? MIDDLING : BAD;
}

/** The ink and grounds of the current theme, as CSS has them. */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { ink: of("--ink"), soft: of("--soft"), line: of("--line"), ground: of("--ground"), panel: of("--panel"), device: of("--device") };
}

/** Changes between light and dark, or takes what was chosen before; the system's choice counts until then. */
export function toggle(chosen = null) {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const now = document.documentElement.dataset.theme || system;
  document.documentElement.dataset.theme = chosen ?? (now === "dark" ? "light" : "dark");
}
