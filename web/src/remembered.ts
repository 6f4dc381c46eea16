// SPDX-License-Identifier: LGPL-2.1-or-later
// What the daemon remembers of a domain from before the page was opened. An older daemon keeps none;
// then there is nothing to choose.

import { useEffect, useState } from "preact/hooks";
import { Series } from "./history";

export const WINDOWS = { opened: 0, hour: 3600e6, day: 86400e6 } as const;
export type Window = keyof typeof WINDOWS;
export const WINDOW_NAMES: Record<Window, string> = { opened: "since it was opened", hour: "the last hour", day: "the last day" };

// A point of an hour stands for 15 s: looking more often shows nothing new.
const AGAIN_MS = 15000;

interface Spread {
  mean: (number | null)[];
}

interface Answer {
  time_usec: number[];
  actual_kib: Spread;
  target_kib: Spread;
  need_kib: Spread;
}

async function ask(query: string): Promise<Answer | null> {
  const answer = await fetch(`/api/history${query}`);
  return answer.ok ? ((await answer.json()) as Answer | null) : null;
}

function seriesOf(answer: Answer): Series {
  const series = new Series(["actual", "target", "need"], 2000);
  answer.time_usec.forEach((time, i) =>
    series.add(time / 1e6, [answer.actual_kib.mean[i] ?? null, answer.target_kib.mean[i] ?? null, answer.need_kib.mean[i] || null]),
  );
  return series;
}

/** Whether the daemon remembers anything at all. */
export function useMemory(live: boolean): boolean {
  const [has, setHas] = useState(false);
  useEffect(() => {
    if (live) ask("?points=1&since_usec=60000000").then((answer) => setHas(answer !== null), () => setHas(false));
  }, [live]);
  return has;
}

/** The past as the daemon tells it, with what was seen here since; undefined: nothing of it yet. */
export function useRemembered(uuid: string | undefined, window: Window, live: Series | undefined): Series | undefined {
  const [past, setPast] = useState<{ uuid: string; window: Window; series: Series } | null>(null);
  useEffect(() => {
    if (!uuid || window === "opened") return;
    let wanted = true;
    const look = () =>
      ask(`?domain=${uuid}&since_usec=${WINDOWS[window]}&points=240`).then(
        (answer) => {
          if (wanted && answer) setPast({ uuid, window, series: seriesOf(answer) });
        },
        () => {},
      );
    look();
    const again = setInterval(look, AGAIN_MS);
    return () => {
      wanted = false;
      clearInterval(again);
    };
  }, [uuid, window]);
  if (window === "opened" || !past || past.uuid !== uuid || past.window !== window) return live;
  // Series pass over what is not newer than what they have.
  live?.columns[0]!.forEach((time, i) => past.series.add(time!, [1, 2, 3].map((column) => live.columns[column]![i] ?? null)));
  return past.series;
}
