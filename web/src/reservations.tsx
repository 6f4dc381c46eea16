// SPDX-License-Identifier: LGPL-2.1-or-later
// The reservations, and their progress.

import type { JSX } from "preact";
import type { Domain, Reservation } from "./model";
import { nameOf } from "./model";
import { clock, exact, sentence, size, span, type Unit } from "./units";

const STEPS = ["requested", "reclaiming", "granted", "bound", "used"] as const;
const OPEN = new Set(["requested", "reclaiming", "granted", "bound"]);

export const isOpen = (reservation: Reservation): boolean => OPEN.has(reservation.state);

/** The progress of the present step, of 1. */
export function progressOf(r: Reservation): { of: number; words: string; kib: number } {
  if (r.state === "requested" || r.state === "reclaiming") {
    const there = Math.max(0, r.min_kib - r.missing_kib);
    return { of: r.min_kib > 0 ? there / r.min_kib : 0, words: "free of what it needs", kib: there };
  }
  if (r.state === "bound" || r.state === "used")
    return { of: r.granted_kib > 0 ? Math.min(1, r.used_kib / r.granted_kib) : 1, words: "taken by its domain", kib: r.used_kib };
  return { of: r.state === "granted" ? 1 : 0, words: "granted", kib: r.granted_kib };
}

function Steps({ reservation }: { reservation: Reservation }) {
  const at = STEPS.indexOf(reservation.state as (typeof STEPS)[number]);
  if (at < 0) return <p class={`end ${reservation.state}`}>{reservation.state}</p>;
  return (
    <ol class="steps" aria-label={`state: ${reservation.state}`}>
      {STEPS.map((step, i) => (
        <li key={step} class={i < at ? "past" : i === at ? "now" : "ahead"} aria-current={i === at ? "step" : undefined}>
          {step}
        </li>
      ))}
    </ol>
  );
}

function One({ reservation: r, domains, now_usec, unit, select }: { reservation: Reservation; domains: Domain[]; now_usec: number; unit: Unit; select: (domid: number) => void }) {
  const progress = progressOf(r);
  const domain = r.domid === null ? undefined : domains.find((other) => other.domid === r.domid);
  const title = r.label ?? (domain ? nameOf(domain) : `reservation ${r.id}`);
  return (
    <li class={`reservation ${r.state}`} data-id={r.id} data-state={r.state}>
      <div class="head">
        <strong>{title}</strong>
        <span class="requested" title={exact(r.min_kib)}>
          {size(r.min_kib, unit)}
          {r.max_kib > r.min_kib && ` – ${size(r.max_kib, unit)}`}
        </span>
      </div>
      <p class="faint">
        reservation {r.id} of {r.owner}, asked for at {clock(r.requested_usec)}
      </p>
      <Steps reservation={r} />
      {isOpen(r) && (
        <div class="meter" role="progressbar" aria-label={`${title}: ${progress.words}`} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(progress.of * 100)}>
          <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">
            <rect class="rail" width="100" height="8" />
            <rect class="done" width={100 * progress.of} height="8" />
          </svg>
        </div>
      )}
      <p class="faint">
        {isOpen(r) ? (
          <>
            {size(progress.kib, unit)} {progress.words}
            {r.missing_kib > 0 && `, ${size(r.missing_kib, unit)} missing`}
            {r.deadline_usec !== null && (r.state === "requested" || r.state === "reclaiming") && `, ${span(r.deadline_usec - now_usec)} left`}
          </>
        ) : (
          <span title={r.message}>{sentence(r, unit)}</span>
        )}
        {domain && (
          <>
            {" "}·{" "}
            <button type="button" class="link" onClick={() => select(domain.domid)}>
              {nameOf(domain)}
            </button>
          </>
        )}
      </p>
    </li>
  );
}

interface Props {
  reservations: Reservation[];
  domains: Domain[];
  now_usec: number;
  unit: Unit;
  select: (domid: number) => void;
}

export function Reservations({ reservations, ...rest }: Props): JSX.Element {
  const newest = [...reservations].sort((a, b) => b.id - a.id);
  const open = newest.filter(isOpen);
  const closed = newest.filter((reservation) => !isOpen(reservation));
  return (
    <section class="panel reservations" aria-labelledby="reservations-title">
      <div class="head">
        <h2 id="reservations-title">Reservations</h2>
        <span class="count">{open.length} open</span>
      </div>
      {open.length === 0 && <p class="note">No memory is reserved.</p>}
      <ul class="list">
        {open.map((reservation) => (
          <One key={reservation.id} reservation={reservation} {...rest} />
        ))}
      </ul>
      {closed.length > 0 && (
        <details>
          <summary>{closed.length} closed</summary>
          <ul class="list closed">
            {closed.map((reservation) => (
              <One key={reservation.id} reservation={reservation} {...rest} />
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}
