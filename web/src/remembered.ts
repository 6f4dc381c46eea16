// SPDX-License-Identifier: LGPL-2.1-or-later
// What the daemon remembers from before the page was opened, of the host and of each domain. An older
// daemon keeps none; then there is nothing to choose.

import { useEffect, useState } from "preact/hooks";
import { Series } from "./history";
import { PART_KEYS } from "./host";

export const WINDOWS = { hour: 3600e6, day: 86400e6, week: 604800e6, opened: 0 } as const;
export type Window = keyof typeof WINDOWS;
export const WINDOW_NAMES: Record<Window, string> = { hour: "the last hour", day: "the last day", week: "the last week", opened: "since it was opened" };

// A point of an hour stands for 15 s: looking more often shows nothing new.
const AGAIN_MS = 15000;
const POINTS = 240;
// A bound of ours: a daemon answers with 1000 at most.
const POINTS_MOST = 2000;

type Column = (number | null)[];

export interface Answer {
  step_usec: number;
  time_usec: number[];
  end_usec: number[];
  total_kib?: Column; // of the host, as the two below; an older daemon has none of them
  overcounted_kib?: Column;
  parts?: Record<string, Column>;
  [series: string]: unknown;
}

/** One whose past can be asked for: how, and which columns of the answer are drawn as which series. */
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
    return name === "need" ? mean?.map((kib) => kib || null) : mean; // 0: it is not known
  },
});

/** The answer as a series; where nothing is known for longer than two steps there is a hole. */
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

/** Whether the daemon remembers anything at all. */
export function useMemory(live: boolean): boolean {
  const [has, setHas] = useState(false);
  useEffect(() => {
    if (live) ask("?points=1&since_usec=60000000").then((answer) => setHas(answer !== null), () => setHas(false));
  }, [live]);
  return has;
}

/** The past as the daemon tells it, with what was seen here since; what was seen here, where it tells none. */
export function useRemembered(source: Source | undefined, window: Window, live: Series | undefined): Series | undefined {
  const [past, setPast] = useState<{ key: string; window: Window; series: Series } | null>(null);
  const key = source?.key;
  useEffect(() => {
    if (!source || window === "opened") return;
    let wanted = true;
    const look = () =>
      ask(`?since_usec=${WINDOWS[window]}&points=${POINTS}${source.domain === null ? "" : `&domain=${source.domain}`}`).then(
        (answer) => {
          if (wanted && answer) setPast({ key: source.key, window, series: seriesOf(source, answer) });
        },
        () => {},
      );
    look();
    const again = setInterval(look, AGAIN_MS);
    return () => {
      wanted = false;
      clearInterval(again);
    };
  }, [key, window]);
  if (window === "opened" || !past || past.key !== key || past.window !== window || past.series.length === 0) return live;
  // Series pass over what is not newer than what they have.
  live?.columns[0]!.forEach((time, i) => past.series.add(time!, past.series.names.map((_, column) => live.columns[column + 1]![i] ?? null)));
  return past.series;
}
