// SPDX-License-Identifier: LGPL-2.1-or-later
// The daemon's history of the host and of each domain, from before the page was opened. Where it keeps none
// there is nothing to choose.

import { useEffect, useState } from "preact/hooks";
import { Series } from "./history";
import { PART_KEYS } from "./host";
import { repeat } from "./repeat";

export const WINDOWS = { hour: 3600e6, day: 86400e6, week: 604800e6, opened: 0 } as const;
export type Window = keyof typeof WINDOWS;
export const WINDOW_NAMES: Record<Window, string> = { hour: "the last hour", day: "the last day", week: "the last week", opened: "since it was opened" };

// A point of an hour stands for 15 s: more frequent requests show nothing new.
const AGAIN_MS = 15000;
const POINTS = 240;
// Our limit; a daemon answers with at most 1000.
const POINTS_MOST = 2000;

type Column = (number | null)[];

export interface Answer {
  step_usec: number;
  time_usec: number[];
  end_usec: number[];
  total_kib?: Column; // of the host, as the two below; absent from an older daemon
  overcounted_kib?: Column;
  parts?: Record<string, Column>;
  [series: string]: unknown;
}

/** A subject with a history: the request, and which columns of the answer form which series. */
export interface Source {
  key: string;
  domain: string | null;
  names: string[];
  column: (answer: Answer, name: string) => Column | undefined;
}

export const ofHost: Source = { key: "host", domain: null, names: PART_KEYS, column: (answer, name) => answer.parts?.[name] };

export const ofGuest = (uuid: string): Source => ({
  key: uuid,
  domain: uuid,
  names: ["current", "target", "need"],
  column: (answer, name) => {
    const mean = (answer[`${name}_kib`] as { mean?: Column } | undefined)?.mean;
    return name === "need" ? mean?.map((kib) => kib || null) : mean; // 0: unknown
  },
});

/** The answer as a series, with a gap if nothing is known for longer than two steps. */
export function seriesOf(source: Source, answer: Answer): Series {
  const series = new Series(source.names, POINTS_MOST);
  const columns = source.names.map((name) => source.column(answer, name));
  let end = 0;
  answer.time_usec.slice(0, POINTS_MOST / 2).forEach((time, i) => {
    const values = columns.map((column) => column?.[i] ?? null);
    if (values.every((value) => value === null)) return;
    if (end > 0 && time - end > 2 * answer.step_usec) series.add(end / 1e6, values.map(() => null));
    series.add(time / 1e6, values);
    end = answer.end_usec[i] ?? time;
  });
  return series;
}

async function ask(query: string): Promise<Answer | null> {
  const answer = await fetch(`/api/history${query}`);
  return answer.ok ? ((await answer.json()) as Answer | null) : null;
}

/** Whether the daemon keeps a history. */
export function useHasHistory(live: boolean): boolean {
  const [has, setHas] = useState(false);
  useEffect(() => {
    if (live) ask("?points=1&since_usec=60000000").then((answer) => setHas(answer !== null), () => setHas(false));
  }, [live]);
  return has;
}

/** The daemon's history and the samples since; only the samples if it keeps none. */
export function useHistory(source: Source | undefined, window: Window, live: Series | undefined): Series | undefined {
  const [past, setPast] = useState<{ key: string; window: Window; series: Series } | null>(null);
  const key = source?.key;
  useEffect(() => {
    if (!source || window === "opened") return;
    return repeat(
      () => ask(`?since_usec=${WINDOWS[window]}&points=${POINTS}${source.domain === null ? "" : `&domain=${source.domain}`}`),
      (answer) => setPast({ key: source.key, window, series: seriesOf(source, answer) }),
      AGAIN_MS,
    );
  }, [key, window]);
  if (window === "opened" || !past || past.key !== key || past.window !== window || past.series.length === 0) return live;
  // A series ignores samples that are not newer than its last one.
  live?.columns[0]!.forEach((time, i) => past.series.add(time!, past.series.names.map((_, column) => live.columns[column + 1]![i] ?? null)));
  return past.series;
}
