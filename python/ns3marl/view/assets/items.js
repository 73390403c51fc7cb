// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
// Items: rows of the table that a scenario's map names, such as tasks, with their stages in simulated time.

/** The items of rows from number `first` on. */
export function* itemsOf(episode, first) {
  const declared = episode.map?.items;
  const table = declared && episode.tables.find((of) => of.name === declared.table);
  if (!table || !table.boundary.length) return;
  const column = (name) => {
    const place = name === null ? -1 : table.columns.findIndex((of) => of.name === name);
    return place < 0 ? null : table.values[place];
  };
  const category = (name, row) => {
    const place = table.columns.findIndex((of) => of.name === name);
    return place < 0 ? "" : table.columns[place].categories[table.values[place][row]] ?? "";
  };
  const begins = column(declared.begin);
  const sources = column(declared.source);
  const targets = column(declared.target);
  if (!begins || !sources) return;
  const lanes = declared.lanes.map((lane) => lane.map((stage) => ({ ...stage, of: column(stage.column), minus: stage.less.map(column) })));
  for (let row = first; row < table.boundary.length; row++) {
    const begin = episode.time[0] + (begins[row] - episode.tick[0]) * episode.tick_s;
    const stays = declared.stays !== null && declared.stays[1].includes(category(declared.stays[0], row));
    const outcome = declared.outcome === null ? "" : category(declared.outcome, row);
    const timed = lanes.map((lane) => stagesOf(lane, row, begin)).filter((lane) => lane.length);
    const ends = timed.map((lane) => lane.at(-1).end);
    yield {
      row,
      begin,
      end: Math.max(begin, ...ends),
      source: sources[row],
      target: stays || !targets ? -1 : targets[row],
      lanes: timed,
      outcome,
      good: declared.outcome === null || declared.success.includes(outcome),
      boundary: table.boundary[row],
    };
  }
}

function stagesOf(lane, row, begin) {
  const stages = [];
  let at = begin;
  for (const stage of lane) {
    const less = stage.minus.reduce((sum, of) => sum + (of && of[row] > 0 ? of[row] : 0), 0);
    const duration = stage.of ? stage.of[row] - less : NaN;
    if (!(duration > 0)) continue;
    stages.push({ title: stage.title, where: stage.where, begin: at, end: at + duration });
    at += duration;
  }
  return stages;
}

/** Where an item is at a simulated time: its stage, and how much of it is over; null before and after. */
export function stageAt(item, time) {
  for (const lane of item.lanes) {
    for (const stage of lane) {
      if (time < stage.end && time >= stage.begin) return { stage, share: (time - stage.begin) / (stage.end - stage.begin) };
    }
  }
  return null;
}

/** Items that are under way at a simulated time. */
export function* underWay(episode, time) {
  if (!episode.items.length) return;
  const first = episode.boundaryAt(time - episode.longest);
  const last = episode.boundaryAt(time);
  for (let boundary = first; boundary <= last; boundary++) {
    for (const item of episode.itemsAt[boundary]) if (item.begin <= time && time < item.end) yield item;
  }
}

/** Counts of outcomes of the items reported up to a boundary: Map of outcome to number. */
export function outcomes(episode, boundary) {
  const counts = new Map();
  for (let i = 0; i <= boundary && i < episode.itemsEnding.length; i++) {
    for (const item of episode.itemsEnding[i]) counts.set(item.outcome, (counts.get(item.outcome) ?? 0) + 1);
  }
  return counts;
}
