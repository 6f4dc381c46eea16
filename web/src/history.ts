// SPDX-License-Identifier: LGPL-2.1-or-later
// The samples for the time series: since the page was opened, and before that from the daemon's history.
// Bounded: when a series is full its older half is thinned.

import type { State } from "./model";
import { PART_KEYS, partsOf } from "./host";

const MOST = 1800;

/** Columns of equal length; the first is the time in seconds. null: unknown. */
export class Series {
  readonly columns: (number | null)[][];

  constructor(
    readonly names: string[],
    private readonly most = MOST,
  ) {
    this.columns = [[], ...names.map(() => [])];
  }

  get length(): number {
    return this.columns[0]!.length;
  }

  add(time: number, values: (number | null)[]): void {
    const times = this.columns[0]!;
    const last = times[times.length - 1];
    if (last !== undefined && last !== null && time <= last) return;
    times.push(time);
    values.forEach((value, i) => this.columns[i + 1]!.push(value));
    if (times.length > this.most) this.thin();
  }

  /** Removes every other sample of the older half. */
  private thin(): void {
    const half = this.length / 2;
    for (const column of this.columns) {
      const kept = column.filter((_, i) => i >= half || i % 2 === 0);
      column.splice(0, column.length, ...kept);
    }
  }
}

export class History {
  readonly host = new Series(PART_KEYS);
  private readonly guests = new Map<string, Series>();
  private daemon = "";

  /** A daemon that was restarted on another host has another history. */
  add(state: State): void {
    const host = state.host;
    const name = state.status?.host ?? "";
    if (name && name !== this.daemon) this.guests.clear();
    this.daemon = name || this.daemon;
    if (!host) return;
    const time = host.now_usec / 1e6;
    const parts = new Map(partsOf(host).map((part) => [part.key, part.kib]));
    this.host.add(time, this.host.names.map((part) => parts.get(part) ?? 0));
    const there = new Set<string>();
    for (const domain of state.domains) {
      const key = `${domain.domid} ${domain.uuid}`;
      there.add(key);
      let series = this.guests.get(key);
      if (!series) this.guests.set(key, (series = new Series(["current", "target", "need"], 900)));
      series.add(time, [domain.current_kib, domain.target_kib, domain.need_kib]);
    }
    for (const key of this.guests.keys()) if (!there.has(key)) this.guests.delete(key);
  }

  of(domain: { domid: number; uuid: string }): Series | undefined {
    return this.guests.get(`${domain.domid} ${domain.uuid}`);
  }
}
