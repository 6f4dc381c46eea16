// SPDX-License-Identifier: LGPL-2.1-or-later
// The log of all that was decided and happened, as far back as the daemon remembers.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { EARLIER, merged, useEarlier } from "./useevents";
import { fromTo, reasonOf } from "./eventlist";
import type { HostEvent } from "./model";
import { moment, sentence, size, type Unit } from "./units";

function Row({ event, now_usec, unit }: { event: HostEvent; now_usec: number; unit: Unit }) {
  return (
    <tr data-number={event.number}>
      <td class="time">{moment(event.time_usec, now_usec)}</td>
      <td class="who">{event.who ?? "–"}</td>
      <td class="about">{event.name ?? "–"}</td>
      <td class="number from">{event.from_kib === null ? "–" : size(event.from_kib, unit)}</td>
      <td class="number to">{event.to_kib === null ? "–" : size(event.to_kib, unit)}</td>
      <td class="reason">{reasonOf(event) || "–"}</td>
      <td class="sentence" title={event.message ?? undefined}>
        {sentence(event, unit) || event.what}
        <span class="terms">
          {[event.who, event.name, fromTo(event, unit), reasonOf(event)].filter(Boolean).join(" · ")}
        </span>
      </td>
    </tr>
  );
}

export function Log({ events, name, now_usec, unit }: { events: HostEvent[]; name: string | null; now_usec: number; unit: Unit }): JSX.Element {
  const [only, setOnly] = useState(false);
  const earlier = useEarlier(events[0]?.number);
  const all = merged(earlier.events, events);
  const shown = all.filter((event) => !only || name === null || event.name === name);
  return (
    <section class="panel events" aria-labelledby="events-title">
      <div class="head">
        <h2 id="events-title">Events</h2>
        <span class="count">the last {shown.length}</span>
        {name !== null && (
          <label class="check">
            <input type="checkbox" checked={only} onChange={(event) => setOnly(event.currentTarget.checked)} /> only {name}
          </label>
        )}
      </div>
      <div class="scroll log" tabIndex={0} role="region" aria-label="Events, the newest first">
        <table>
          <thead>
            <tr>
              <th scope="col">time</th>
              <th scope="col">who</th>
              <th scope="col">guest</th>
              <th scope="col" class="number">from</th>
              <th scope="col" class="number">to</th>
              <th scope="col">reason</th>
              <th scope="col">what happened</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((event) => (
              <Row key={event.number} event={event} now_usec={now_usec} unit={unit} />
            ))}
          </tbody>
        </table>
        {shown.length === 0 && <p class="note">None yet.</p>}
        {earlier.more && events.length >= EARLIER && (
          <button type="button" class="earlier" onClick={() => void earlier.load()}>
            earlier ones
          </button>
        )}
      </div>
    </section>
  );
}
