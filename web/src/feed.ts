// SPDX-License-Identifier: LGPL-2.1-or-later
// The event stream: the last state, and whether it is current.

import { changed, type Change } from "./delta";
import { History } from "./history";
import type { State } from "./model";

export type Link =
  | { how: "opening" }
  | { how: "live" }
  | { how: "away"; why: string } // ballast-web answers, ballastd does not
  | { how: "lost" }; // ballast-web does not answer

export interface View {
  state: State | null;
  link: Link;
  count: number; // of states so far, for what depends on history
}

// A state arrives at least every two seconds, and a comment every ten while the daemon is away.
const SILENCE_MS = 25000;

export class Feed {
  readonly history = new History();
  view: View = { state: null, link: { how: "opening" }, count: 0 };
  private source: EventSource | null = null;
  private receivedAt = 0;
  private retry = 0;

  constructor(private readonly changed: (view: View) => void) {
    this.open();
    setInterval(() => this.watch(), 5000);
  }

  private show(view: Partial<View>): void {
    this.view = { ...this.view, ...view };
    this.changed(this.view);
  }

  private take(state: State): void {
    this.receivedAt = performance.now();
    this.history.add(state);
    this.show({ state, link: { how: "live" }, count: this.view.count + 1 });
  }

  private open(): void {
    this.source?.close();
    this.receivedAt = performance.now();
    const source = new EventSource("/api/stream");
    this.source = source;
    source.addEventListener("state", (event) => this.take(JSON.parse((event as MessageEvent<string>).data) as State));
    source.addEventListener("change", (event) => {
      const state = changed(this.view.state, JSON.parse((event as MessageEvent<string>).data) as Change);
      // A change was missed: a new stream starts with a full state.
      if (state) this.take(state);
      else this.open();
    });
    source.addEventListener("away", (event) => {
      this.receivedAt = performance.now();
      const { message } = JSON.parse((event as MessageEvent<string>).data) as { message: string };
      this.show({ link: { how: "away", why: message } });
    });
    source.onerror = () => {
      if (this.view.link.how !== "lost") this.show({ link: { how: "lost" } });
      // A browser reconnects by itself unless it was refused.
      if (source.readyState === EventSource.CLOSED && !this.retry)
        this.retry = window.setTimeout(() => {
          this.retry = 0;
          this.open();
        }, 2000);
    };
  }

  /** A connection that hangs reports nothing, not even an error. */
  private watch(): void {
    if (this.view.link.how === "live" && performance.now() - this.receivedAt > SILENCE_MS) {
      this.show({ link: { how: "lost" } });
      this.open();
    }
  }
}
