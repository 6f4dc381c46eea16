// SPDX-License-Identifier: LGPL-2.1-or-later
// The page shows what ballast-web sends and changes nothing.

import { render, type JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Chart, hostChart } from "./chart";
import { Feed, type Link, type View } from "./feed";
import { GuestPanel } from "./guestpanel";
import { Guests } from "./guests";
import { HostPanel } from "./hostpanel";
import { Log } from "./log";
import { marksOf, moveOf, nameOf, type State } from "./model";
import { RangePicker } from "./rangepicker";
import { Patterns } from "./patterns";
import { ofHost, useHasHistory, useHistory, type Window } from "./usehistory";
import { isOpen, Reservations } from "./reservations";
import "./style.css";
import { clock, hostName, size, span, UNITS, type Unit } from "./units";

function storedUnit(): Unit {
  try {
    const unit = localStorage.getItem("unit");
    return UNITS.find((known) => known === unit) ?? "auto";
  } catch {
    return "auto";
  }
}

const LINKS: Record<Link["how"], string> = { opening: "connecting", live: "live", away: "daemon away", lost: "not connected" };

function Tile({ name, value, tone }: { name: string; value: string; tone?: "bad" | "warn" | undefined }) {
  return (
    <div class={`tile ${tone ?? ""}`}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Tiles({ state, unit }: { state: State; unit: Unit }) {
  const stuck = state.domains.filter((domain) => domain.balloon_status === "stuck").length;
  const moving = state.domains.filter((domain) => moveOf(domain) !== "still").length;
  const open = state.reservations.filter(isOpen);
  const waiting = open.filter((r) => r.state === "requested" || r.state === "reclaiming").length;
  return (
    <dl class="tiles">
      {state.host && <Tile name="memory" value={size(state.host.total_kib, unit)} />}
      {state.host && <Tile name="can be granted" value={size(state.host.available_kib, unit)} />}
      <Tile name="guests" value={String(state.domains.filter((domain) => !domain.dom0).length)} />
      <Tile name="moving" value={String(moving)} />
      <Tile name="stuck" value={String(stuck)} tone={stuck > 0 ? "bad" : undefined} />
      <Tile name="starts waiting" value={String(waiting)} tone={waiting > 0 ? "warn" : undefined} />
    </dl>
  );
}

function Alerts({ view }: { view: View }) {
  const { state, link } = view;
  const stale = state?.host && link.how !== "live" ? ` What is shown is of ${clock(state.host.now_usec)}.` : "";
  const messages: string[] = [];
  if (link.how === "away") messages.push(`The daemon is away: ${link.why}.${stale}`);
  if (link.how === "lost") messages.push(`The server of this page does not answer; trying again.${stale}`);
  if (state?.problem) messages.push(`The daemon cannot tell all of it: ${state.problem}`);
  if (state && state.host && !state.whole) messages.push("The answers are of different moments: guests and host do not sum.");
  for (const alert of state?.status?.alerts ?? []) if (alert.on) messages.push(`${alert.name}: ${alert.message ?? ""}`);
  if (state?.status && !state.status.ledger.writable) messages.push("The ledger cannot be written: nothing can be reserved.");
  return (
    <div class="alerts" role="alert">
      {messages.map((message) => (
        <p key={message}>
          <span aria-hidden="true">▲ </span>
          {message}
        </p>
      ))}
    </div>
  );
}

/** News for screen readers: few, and only on changes. */
function Herald({ state }: { state: State }) {
  const before = useRef<State | null>(null);
  const [said, say] = useState("");
  useEffect(() => {
    const old = before.current;
    before.current = state;
    if (!old) return;
    const news: string[] = [];
    for (const r of state.reservations) {
      const was = old.reservations.find((other) => other.id === r.id);
      if (was?.state !== r.state) news.push(`${r.label ?? `reservation ${r.id}`} is ${r.state}`);
    }
    for (const domain of state.domains) {
      const was = old.domains.find((other) => other.domid === domain.domid);
      if (was && was.balloon_status !== domain.balloon_status && (was.balloon_status === "stuck" || domain.balloon_status === "stuck"))
        news.push(`${nameOf(domain)} is ${domain.balloon_status === "stuck" ? "stuck" : "no longer stuck"}`);
    }
    if (news.length) say(news.slice(0, 5).join("; "));
  }, [state]);
  return (
    <p class="hidden" role="status">
      {said}
    </p>
  );
}

function Top({ view, unit, setUnit }: { view: View; unit: Unit; setUnit: (unit: Unit) => void }) {
  const { state, link } = view;
  return (
    <header class="top">
      <h1>
        <svg width="22" height="26" viewBox="0 0 22 26" aria-hidden="true" focusable="false">
          <rect class="logo-body" width="22" height="26" rx="4" />
          <rect class="logo-band" y="7" width="22" height="3" />
          <rect class="logo-low" x="3" y="16" width="16" height="7" rx="1.5" />
        </svg>
        Ballast
      </h1>
      <p class="where">
        {state?.daemon && <span title={state.daemon.host}>{hostName(state.daemon.host)}</span>}
        {state?.status && (
          <span class="faint">
            policy {state.status.policy}
            {state.status.paused && <strong class="warn"> · balancing is paused</strong>} · up {span(state.status.uptime_usec)}
          </span>
        )}
      </p>
      <p class={`link-state ${link.how}`} id="link">
        <i aria-hidden="true" /> {LINKS[link.how]}
        {state?.host && <span class="faint"> {clock(state.host.now_usec)}</span>}
      </p>
      <label class="unit">
        unit{" "}
        <select
          value={unit}
          onChange={(event) => {
            const next = event.currentTarget.value as Unit;
            setUnit(next);
            try {
              localStorage.setItem("unit", next);
            } catch {
              /* it is not kept, then */
            }
          }}
        >
          {UNITS.map((word) => (
            <option key={word}>{word}</option>
          ))}
        </select>
      </label>
    </header>
  );
}

/** The guest shown by default: one with a problem, else the largest. */
function chooseInitial(state: State): number | null {
  const bad = state.domains.find((domain) => marksOf(domain).some((mark) => mark.tone === "bad"));
  const guests = state.domains.filter((domain) => !domain.dom0);
  const largest = guests.reduce<(typeof guests)[number] | undefined>((a, b) => (!a || b.current_kib > a.current_kib ? b : a), undefined);
  return (bad ?? largest ?? state.domains[0])?.domid ?? null;
}

function Page(): JSX.Element {
  const [view, setView] = useState<View>({ state: null, link: { how: "opening" }, count: 0 });
  const [unit, setUnit] = useState<Unit>(storedUnit);
  const [chosen, choose] = useState<number | null>(null);
  const feed = useRef<Feed | null>(null);
  const detail = useRef<HTMLDivElement>(null);
  useEffect(() => {
    feed.current = new Feed(setView);
  }, []);

  const { state } = view;
  const [shown, show] = useState<Window>("hour");
  const hasHistory = useHasHistory(view.link.how === "live");
  const past = useHistory(ofHost, hasHistory ? shown : "opened", feed.current?.history.host);
  // The shown guest stays until the reader chooses another, or it is gone.
  const initial = useRef<number | null>(null);
  const selected = chosen ?? initial.current;
  if (state && !state.domains.some((domain) => domain.domid === selected)) initial.current = chooseInitial(state);
  const there = state?.domains.some((domain) => domain.domid === selected) ? selected : initial.current;
  const domain = state?.domains.find((other) => other.domid === there);
  const now = state?.host?.now_usec ?? state?.status?.now_usec ?? 0;
  const select = (domid: number) => {
    choose(domid);
    const narrow = window.matchMedia("(max-width: 760px)").matches;
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (narrow && !(document.activeElement as HTMLElement | null)?.matches(":focus-visible"))
      detail.current?.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
  };

  return (
    <>
      <Patterns />
      <a class="skip" href="#guests">
        Skip to the guests
      </a>
      <Top view={view} unit={unit} setUnit={setUnit} />
      <main class={view.link.how === "live" ? "" : "stale"} data-seq={state?.seq} data-link={view.link.how}>
        <Alerts view={view} />
        {state ? (
          <>
            <Herald state={state} />
            <Tiles state={state} unit={unit} />
            <div class="columns">
              <div class="side">
                {state.host && <HostPanel host={state.host} domains={state.domains} unit={unit} selected={there} select={select} />}
                <Reservations reservations={state.reservations} domains={state.domains} now_usec={now} unit={unit} select={select} />
              </div>
              <div class="middle" id="guests" tabIndex={-1}>
                <Guests domains={state.domains} unit={unit} selected={there} select={select} />
              </div>
              <div class="detail" ref={detail}>
                <GuestPanel domain={domain} series={domain && feed.current?.history.of(domain)} now_usec={now} count={view.count} unit={unit} hasHistory={hasHistory} events={state.events} />
              </div>
              <div class="rest">
                <section class="panel" aria-labelledby="time-title">
                  <div class="head range-picker">
                    <h2 id="time-title">Over time</h2>
                    {hasHistory && <RangePicker window={shown} choose={show} />}
                  </div>
                  <Chart title="Memory of the host over time" spec={hostChart} series={past} count={view.count} unit={unit} />
                </section>
                {state.events && <Log events={state.events} name={domain ? nameOf(domain) : null} now_usec={now} unit={unit} />}
              </div>
            </div>
          </>
        ) : (
          view.link.how === "opening" && <p class="note">Waiting for the daemon’s first word …</p>
        )}
      </main>
      <footer class="faint">
        {state?.daemon?.daemon ?? "ballast-web"} · sizes are exact in the tooltips and tables · <kbd>/</kbd> searches
      </footer>
    </>
  );
}

render(<Page />, document.getElementById("page")!);
