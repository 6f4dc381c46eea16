// SPDX-License-Identifier: LGPL-2.1-or-later
// Applies a change, as in ballast-web(8), to a state.

import type { State } from "./model";

type Item = Record<string, unknown>;

interface ListChange {
  new?: Item[]; // replace those with the same key
  changed?: Item[]; // their key, and the members that differ
  order?: number[]; // all keys, if they or their order changed
}

export interface Change extends Partial<Record<keyof typeof KEYS, ListChange>> {
  seq: number;
  since: number;
  set: Partial<State>;
}

const KEYS = { domains: "domid", reservations: "id", events: "number" } as const;

function changedList(items: Item[], key: string, change: ListChange): Item[] {
  const of = new Map(items.map((item) => [item[key] as number, item]));
  const order = change.order ?? [...of.keys()];
  for (const item of change.new ?? []) of.set(item[key] as number, item);
  for (const item of change.changed ?? []) of.set(item[key] as number, { ...of.get(item[key] as number), ...item });
  return order.map((each) => of.get(each)).filter((item): item is Item => item !== undefined);
}

/** null: the change does not start from this state. Unchanged parts stay the same objects. */
export function changed(state: State | null, change: Change): State | null {
  if (!state || state.seq !== change.since) return null;
  const after: Record<string, unknown> = { ...state, ...change.set, seq: change.seq };
  for (const [list, key] of Object.entries(KEYS)) {
    const changes = change[list as keyof typeof KEYS];
    const items = state[list as keyof typeof KEYS];
    if (changes) after[list] = changedList((items ?? []) as unknown as Item[], key, changes);
  }
  return after as unknown as State;
}
