// SPDX-License-Identifier: LGPL-2.1-or-later
// What was decided about one guest and what happened to it: who, from what to what, and why.

import type { JSX } from "preact";
import type { HostEvent } from "./model";
import { change, moment, sentence, size, type Unit } from "./units";

/** "reclaimed-for-start" is a word of the protocol; people read spaces. */
export const reasonOf = (event: HostEvent): string => (event.reason ?? "").replaceAll("-", " ");

export function fromTo(event: HostEvent, unit: Unit): string {
  const from = event.from_kib === null ? "" : size(event.from_kib, unit);
  const to = event.to_kib === null ? "" : size(event.to_kib, unit);
  return from && to ? `${from} → ${to}` : from || to;
}

export function EventList({ events, name, now_usec, unit }: { events: HostEvent[]; name: string; now_usec: number; unit: Unit }): JSX.Element {
  return (
    <div class="event-list">
      <h3 id="why-title">Why</h3>
      {events.length === 0 ? (
        <p class="note">Nothing is known to have been decided about it or to have happened to it.</p>
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-label={`What was decided about ${name}, the newest first`}>
          <ol>
            {events.map((event) => (
              <li key={event.number} data-number={event.number}>
                <p>
                  <span class="faint">{moment(event.time_usec, now_usec)}</span> {sentence(event, unit) || event.what}
                </p>
                <p class="terms">
                  <span class="who">{event.who ?? "–"}</span>
                  {fromTo(event, unit) && <span class="from-to">{fromTo(event, unit)}</span>}
                  {event.from_kib !== null && event.to_kib !== null && event.from_kib !== event.to_kib && <span class="faint">{change(event.to_kib - event.from_kib, unit)}</span>}
                  {reasonOf(event) && <span class="reason">{reasonOf(event)}</span>}
                </p>
              </li>
            ))}
          </ol>
        </div>
      )}
    </div>
  );
}
