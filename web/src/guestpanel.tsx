// SPDX-License-Identifier: LGPL-2.1-or-later
// One guest: its diagram, its progress towards its target, and why.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Diagram } from "./diagram";
import { Badge } from "./guests";
import { marksOf, moveOf, nameOf, type Domain, type HostEvent, type Kib } from "./model";
import { Chart, guestChart } from "./chart";
import type { Series } from "./history";
import { EventList } from "./eventlist";
import { useEvents } from "./useevents";
import { RangePicker } from "./rangepicker";
import { ofGuest, useHistory, type Window } from "./usehistory";
import { change, clock, exact, percent, sentence, size, span, type Unit } from "./units";

/** From 0 to the static maximum: the range, the current memory and the target. */
function Range({ domain, unit }: { domain: Domain; unit: Unit }) {
  const most = Math.max(domain.static_max_kib ?? 0, domain.current_kib, domain.target_kib ?? 0, 1);
  const at = (kib: Kib) => (100 * Math.min(kib, most)) / most;
  const min = domain.dynamic_min_kib;
  const max = domain.dynamic_max_kib;
  return (
    <svg class="range" viewBox="0 0 100 14" preserveAspectRatio="none" role="img" aria-label={`holds ${size(domain.current_kib, unit)}${min !== null && max !== null ? `, may be moved between ${size(min, unit)} and ${size(max, unit)}` : ""}`}>
      <rect class="rail" x="0" y="5" width="100" height="4" />
      {min !== null && max !== null && <rect class="between" x={at(min)} y="3" width={Math.max(0.6, at(max) - at(min))} height="8" />}
      <rect class="held" x="0" y="5" width={at(domain.current_kib)} height="4" />
      {domain.need_kib !== null && <path class="need" d={`M${at(domain.need_kib)} 0 V14`} />}
      {domain.target_kib !== null && <path class="target" d={`M${at(domain.target_kib)} 0 V14`} />}
    </svg>
  );
}

// When, by which program, and what of it is ignored.
export function lastReport(domain: Domain): string {
  const bad = domain.malformed_node ? `${domain.malformed_node} is not usable` : null;
  if (domain.report_age_usec === null) return bad ?? "none";
  const source = domain.report_source && domain.report_source !== "unknown" ? `, ${domain.report_source}` : "";
  return `${span(domain.report_age_usec)} ago${source}${bad ? `; ${bad}` : ""}`;
}

function Fact({ name, kib, unit, means }: { name: string; kib: Kib | null; unit: Unit; means?: string }) {
  return (
    <div>
      <dt title={means}>{name}</dt>
      <dd title={kib === null ? undefined : exact(kib)}>{kib === null ? "–" : size(kib, unit)}</dd>
    </div>
  );
}

function Way({ domain, unit }: { domain: Domain; unit: Unit }) {
  const move = moveOf(domain);
  const target = domain.target_kib;
  return (
    <p class="way">
      <strong>{size(domain.current_kib, unit)}</strong>
      {target === null ? (
        <span class="faint"> · it has no target</span>
      ) : move === "still" ? (
        <span class="faint"> · at its target</span>
      ) : (
        <>
          <span class={`arrow ${move}`} aria-hidden="true"> → </span>
          <span class="hidden">to </span>
          <strong>{size(target, unit)}</strong>
          <span class={`arrow ${move}`}> {move === "grows" ? "▲ grows" : "▼ shrinks"} {change(target - domain.current_kib, unit)}</span>
        </>
      )}
    </p>
  );
}

interface Props {
  domain: Domain | undefined;
  series: Series | undefined;
  now_usec: number;
  count: number;
  unit: Unit;
  hasHistory: boolean;
  events: HostEvent[] | null;
}

export function GuestPanel({ domain, series, now_usec, count, unit, hasHistory, events }: Props): JSX.Element {
  const [window, setWindow] = useState<Window>("hour");
  const shown = useHistory(domain && ofGuest(domain.uuid), hasHistory ? window : "opened", series);
  const own = useEvents(domain?.uuid, domain?.name ?? null, events);
  if (!domain)
    return (
      <section class="panel guest-panel" aria-labelledby="guest-title">
        <h2 id="guest-title">Guest</h2>
        <p class="note">Choose a guest to see its breakdown.</p>
      </section>
    );
  const why = domain.why;
  const marks = marksOf(domain);
  return (
    <section class="panel guest-panel" aria-labelledby="guest-title" data-domid={domain.domid}>
      <div class="head">
        <h2 id="guest-title">{nameOf(domain)}</h2>
        <span class="faint">
          domain {domain.domid}
          {domain.type && `, ${domain.type.toUpperCase()}`}, {domain.state}
        </span>
        <span class="marks">
          {marks.map((mark) => (
            <Badge key={mark.word} mark={mark} />
          ))}
        </span>
      </div>
      <Way domain={domain} unit={unit} />
      <Range domain={domain} unit={unit} />
      <p class="why" id="why">
        {why ? (
          <>
            <span class="faint">{clock(why.time_usec)} · {span(now_usec - why.time_usec)} ago</span> <span title={why.message ?? undefined}>{sentence(why, unit)}</span>
          </>
        ) : (
          <span class="faint">Nothing has been decided about it yet.</span>
        )}
      </p>
      <Diagram domain={domain} unit={unit} />
      {own !== null && <EventList events={own} name={nameOf(domain)} now_usec={now_usec} unit={unit} />}
      <div class="range-picker">
        {hasHistory && <RangePicker window={window} choose={setWindow} />}
        <Chart title={`Memory of ${nameOf(domain)} over time`} spec={guestChart} series={shown} count={count} unit={unit} short />
      </div>
      <dl class="facts">
        <Fact name="minimum" kib={domain.dynamic_min_kib} unit={unit} means="dynamic minimum: no target goes below" />
        <Fact name="maximum" kib={domain.dynamic_max_kib} unit={unit} means="dynamic maximum: no target goes above" />
        <Fact name="static maximum" kib={domain.static_max_kib} unit={unit} />
        <Fact name="xen maximum" kib={domain.xen_maximum_kib} unit={unit} />
        <Fact name="need" kib={domain.need_kib} unit={unit} means="its estimated need" />
        <Fact name="reported use" kib={domain.used_kib} unit={unit} means="as the guest reports it" />
        <Fact name="floor" kib={domain.floor_kib} unit={unit} means="it is not asked to go below" />
        <div>
          <dt>balloon</dt>
          <dd>{domain.balloon_status}</dd>
        </div>
        <div>
          <dt title="per second, as measured">shrinks, grows</dt>
          <dd>
            {domain.reclaim_kib_per_sec === null ? "–" : `${size(domain.reclaim_kib_per_sec, unit)}/s`},{" "}
            {domain.grow_kib_per_sec === null ? "–" : `${size(domain.grow_kib_per_sec, unit)}/s`}
          </dd>
        </div>
        <div>
          <dt title="how far its reports are trusted">trust</dt>
          <dd>{domain.trust_permyriad === null ? "–" : percent(domain.trust_permyriad, 10000)}</dd>
        </div>
        <div>
          <dt>last report</dt>
          <dd>{lastReport(domain)}</dd>
        </div>
        {domain.pressure && domain.pressure.psi_some_permyriad !== null && (
          <div>
            <dt title="of the last 10 seconds, as the guest reports it">waits for memory</dt>
            <dd>{percent(domain.pressure.psi_some_permyriad, 10000)}</dd>
          </div>
        )}
        <div>
          <dt>shares</dt>
          <dd>{domain.shares ?? "–"}</dd>
        </div>
        {domain.reservation !== null && (
          <div>
            <dt>reservation</dt>
            <dd>{domain.reservation}</dd>
          </div>
        )}
      </dl>
    </section>
  );
}
