// SPDX-License-Identifier: LGPL-2.1-or-later
// What was decided and happened, as the daemon's `events` has it: the last of it comes with each state,
// what is before that is asked for.

import { useEffect, useRef, useState } from "preact/hooks";
import type { HostEvent } from "./model";
import { repeat } from "./repeat";

const GUEST_MOST = 32;
/** As many as come with a state (COLLECTOR_EVENTS); where there are fewer there are no others. */
export const EARLIER = 64;
/** So many are kept of what was asked for; what is before is in `ballast why`. */
export const KEPT_MOST = 1024;
// One that goes on may no longer be among the last ones of everybody.
const AGAIN_MS = 15000;

interface Answer {
  events: HostEvent[];
  more: boolean;
}

async function ask(query: string): Promise<Answer | null> {
  const answer = await fetch(`/api/events?${query}`);
  return answer.ok ? ((await answer.json()) as Answer | null) : null;
}

/** Both, each number once, the newest first; where both have one, as it has gone on the longest. */
export function merged(known: HostEvent[], fresh: HostEvent[]): HostEvent[] {
  const all = new Map(known.map((event) => [event.number, event]));
  for (const event of fresh) if (event.until_usec >= (all.get(event.number)?.until_usec ?? 0)) all.set(event.number, event);
  return [...all.values()].sort((a, b) => b.number - a.number);
}

/** The last ones about a domain; `events` are those of all domains, null where the daemon did not answer. */
export function useEvents(uuid: string | undefined, name: string | null, events: HostEvent[] | null): HostEvent[] | null {
  const [asked, setAsked] = useState<{ uuid: string; events: HostEvent[] } | null>(null);
  // Those of others push one's own out of the state; they stay here.
  const kept = useRef<{ uuid: string | undefined; events: HostEvent[] }>({ uuid, events: [] });
  const keeps = events !== null;
  useEffect(() => {
    if (!uuid || !keeps) return;
    return repeat(
      () => ask(`domain=${uuid}&most=${GUEST_MOST}`),
      (answer) => setAsked({ uuid, events: answer.events }),
      AGAIN_MS,
    );
  }, [uuid, keeps]);
  if (events === null) return null;
  if (kept.current.uuid !== uuid) kept.current = { uuid, events: [] };
  const own = asked && asked.uuid === uuid ? asked.events : [];
  // What is older than all that was asked for by uuid may be of another that had the name before.
  const live = events.filter((event) => name !== null && event.name === name && event.number >= (own[0]?.number ?? 0));
  kept.current.events = merged(kept.current.events, merged(own, live)).slice(0, GUEST_MOST);
  return kept.current.events;
}

interface Earlier extends Answer {
  load(): Promise<void>;
}

/** What is before `first`, asked for a part at a time. */
export function useEarlier(first: number | undefined): Earlier {
  const [earlier, setEarlier] = useState<Answer>({ events: [], more: true });
  const before = Math.min(first ?? Infinity, earlier.events[earlier.events.length - 1]?.number ?? Infinity);
  const load = async () => {
    const answer = await ask(`before=${before}&most=${EARLIER}`).catch(() => null);
    if (answer) setEarlier((old) => ({ events: merged(old.events, answer.events).slice(0, KEPT_MOST), more: answer.more }));
  };
  return { events: earlier.events, more: earlier.more && Number.isFinite(before) && earlier.events.length < KEPT_MOST, load };
}
