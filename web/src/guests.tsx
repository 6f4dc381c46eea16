// SPDX-License-Identifier: LGPL-2.1-or-later
// All guests side by side, each as a small column of its breakdown; or as a table.

import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { segmentsOf } from "./breakdown";
import { marksOf, moveOf, nameOf, takes, type Domain, type Kib, type Mark } from "./model";
import { fillOf } from "./patterns";
import { change, exact, size, type Unit } from "./units";

const TALL = 116;

export const SORTS = {
  number: { name: "number", by: (a: Domain, b: Domain) => a.domid - b.domid },
  name: { name: "name", by: (a: Domain, b: Domain) => nameOf(a).localeCompare(nameOf(b), "en", { numeric: true }) },
  takes: { name: "size", by: (a: Domain, b: Domain) => takes(b) - takes(a) },
  moving: {
    name: "movement",
    by: (a: Domain, b: Domain) => Math.abs((b.target_kib ?? b.current_kib) - b.current_kib) - Math.abs((a.target_kib ?? a.current_kib) - a.current_kib),
  },
  marked: { name: "trouble", by: (a: Domain, b: Domain) => weight(b) - weight(a) },
} as const;

export type Sort = keyof typeof SORTS;

const weight = (domain: Domain): number =>
  marksOf(domain).reduce((sum, mark) => sum + (mark.tone === "bad" ? 100 : mark.tone === "warn" ? 10 : 1), 0);

export function sorted(domains: Domain[], sort: Sort, search: string): Domain[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (domain: Domain) => {
    const text = `${nameOf(domain)} ${domain.domid} ${domain.type ?? ""} ${domain.state} ${domain.balloon_status} ${marksOf(domain).map((mark) => mark.word).join(" ")}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
  return domains.filter(matches).sort((a, b) => SORTS[sort].by(a, b) || a.domid - b.domid);
}

const ARROWS = { grows: "▲", shrinks: "▼", still: "" };

export function Badge({ mark }: { mark: Mark }): JSX.Element {
  return (
    <span class={`badge ${mark.tone}`} title={mark.means}>
      <span aria-hidden="true">{mark.glyph} </span>
      {mark.word}
    </span>
  );
}

/** The full height is `most_kib`; all columns hang from the same line, as in the diagram. */
function Small({ domain, most_kib }: { domain: Domain; most_kib: Kib }) {
  const segments = segmentsOf(domain);
  const scale = most_kib > 0 ? TALL / most_kib : 0;
  let at = 0;
  const above = segments.filter((s) => !["video", "guest", "balloon"].includes(s.key)).reduce((sum, s) => sum + s.kib, 0);
  const target = domain.target_kib === null ? null : Math.min(TALL - 1, (above + domain.target_kib) * scale);
  return (
    <svg class="small" viewBox={`0 0 56 ${TALL}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
      {segments.map((segment) => {
        const y = at;
        const h = Math.max(segment.kib > 0 ? 0.8 : 0, segment.kib * scale);
        at += h;
        return <rect key={segment.key} class={segment.key === "balloon" ? "hollow" : "solid"} x="3" y={y} width="50" height={h} fill={fillOf(segment.key)} />;
      })}
      {target !== null && <path class="halo" d={`M0 ${target} H56`} />}
      {target !== null && <path class="target" d={`M0 ${target} H56`} />}
    </svg>
  );
}

function describe(domain: Domain, unit: Unit): string {
  const move = moveOf(domain);
  const words = [nameOf(domain), `holds ${size(domain.current_kib, unit)}`];
  if (domain.target_kib !== null)
    words.push(move === "still" ? "at its target" : `${move === "grows" ? "growing" : "shrinking"} to ${size(domain.target_kib, unit)}`);
  return words.concat(marksOf(domain).map((mark) => mark.word)).join(", ");
}

function Card({ domain, most_kib, unit, selected, focusable, select }: { domain: Domain; most_kib: Kib; unit: Unit; selected: boolean; focusable: boolean; select: (domid: number) => void }) {
  const move = moveOf(domain);
  const marks = marksOf(domain);
  return (
    <li>
      <button
        type="button"
        class={`guest ${marks.some((mark) => mark.tone === "bad") ? "trouble" : ""}`}
        aria-pressed={selected}
        aria-label={describe(domain, unit)}
        tabIndex={focusable ? 0 : -1}
        data-domid={domain.domid}
        data-current={domain.current_kib}
        data-target={domain.target_kib}
        data-balloon-status={domain.balloon_status}
        onClick={() => select(domain.domid)}
      >
        <Small domain={domain} most_kib={most_kib} />
        <span class="name">{nameOf(domain)}</span>
        <span class="held">
          {size(domain.current_kib, unit)}
          {move !== "still" && <span class={`arrow ${move}`}> {ARROWS[move]}</span>}
        </span>
        <span class="marks">
          {marks.slice(0, 1).map((mark) => (
            <Badge key={mark.word} mark={mark} />
          ))}
        </span>
      </button>
    </li>
  );
}

function Table({ domains, unit, selected, select }: { domains: Domain[]; unit: Unit; selected: number | null; select: (domid: number) => void }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="All domains as a table">
      <table class="domains" id="domains">
        <thead>
          <tr>
            <th scope="col">domain</th>
            <th scope="col">type</th>
            <th scope="col">state</th>
            <th scope="col" class="number">current</th>
            <th scope="col" class="number">target</th>
            <th scope="col" class="number">to go</th>
            <th scope="col" class="number">minimum</th>
            <th scope="col" class="number">maximum</th>
            <th scope="col" class="number">xen maximum</th>
            <th scope="col" class="number">overhead</th>
          </tr>
        </thead>
        <tbody>
          {domains.map((domain) => (
            <tr key={domain.domid} class={domain.domid === selected ? "chosen" : ""} data-domid={domain.domid}>
              <th scope="row">
                <button type="button" class="link" onClick={() => select(domain.domid)}>
                  {nameOf(domain)}
                </button>
              </th>
              <td>{domain.type ?? "–"}</td>
              <td>
                {marksOf(domain).length ? marksOf(domain).map((mark) => <Badge key={mark.word} mark={mark} />) : domain.state}
              </td>
              {[
                domain.current_kib,
                domain.target_kib,
                domain.target_kib === null ? null : domain.target_kib - domain.current_kib,
                domain.dynamic_min_kib,
                domain.dynamic_max_kib,
                domain.xen_maximum_kib,
                domain.overhead_kib,
              ].map((kib, i) => (
                <td key={i} class="number" title={kib === null ? undefined : exact(kib)}>
                  {kib === null ? "–" : i === 2 ? (Math.abs(kib) <= 16 ? "·" : change(kib, unit)) : size(kib, unit)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface Props {
  domains: Domain[];
  unit: Unit;
  selected: number | null;
  select: (domid: number) => void;
}

export function Guests({ domains, unit, selected, select }: Props): JSX.Element {
  const [search, setSearch] = useState("");
  const [sort, setSort] = useState<Sort>("number");
  const [asTable, setAsTable] = useState(false);
  const [oneScale, setOneScale] = useState(true);
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const shown = useMemo(() => sorted(domains, sort, search), [domains, sort, search]);
  const wholeOf = (domain: Domain) => Math.max(segmentsOf(domain).reduce((sum, s) => sum + s.kib, 0), takes(domain));
  const most = shown.reduce((so_far, domain) => Math.max(so_far, wholeOf(domain)), 0);
  const current = shown.some((domain) => domain.domid === selected) ? selected : (shown[0]?.domid ?? null);

  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const inField = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
      if (event.key !== "/" || inField || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      field.current?.focus();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);

  /** Arrows move from card to card, whatever the length of the rows. */
  const move = (event: KeyboardEvent) => {
    const buttons = [...(list.current?.querySelectorAll<HTMLButtonElement>("button.guest") ?? [])];
    const at = buttons.indexOf(event.target as HTMLButtonElement);
    if (at < 0) return;
    const top = buttons[0]!.offsetTop;
    const row = Math.max(1, buttons.findIndex((button) => button.offsetTop > top));
    const across = buttons.every((button) => button.offsetTop === top) ? buttons.length : row;
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across, Home: -at, End: buttons.length - 1 - at };
    const step = steps[event.key];
    const next = step === undefined ? undefined : buttons[at + step];
    if (step === undefined) return;
    event.preventDefault();
    if (!next) return;
    next.focus();
    select(Number(next.dataset.domid));
  };

  return (
    <section class="panel guests" aria-labelledby="guests-title">
      <div class="head">
        <h2 id="guests-title">Guests</h2>
        <span class="count" role="status">
          {shown.length === domains.length ? `${domains.length} domains` : `${shown.length} of ${domains.length}`}
        </span>
        <div class="tools">
          <label>
            <span class="hidden">Search guests (press / to come here)</span>
            <input ref={field} type="search" placeholder="search  /" value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
          </label>
          <label>
            sort by{" "}
            <select value={sort} onChange={(event) => setSort(event.currentTarget.value as Sort)}>
              {Object.entries(SORTS).map(([key, { name }]) => (
                <option key={key} value={key}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <label class="check">
            <input type="checkbox" checked={oneScale} disabled={asTable} onChange={(event) => setOneScale(event.currentTarget.checked)} /> one scale
          </label>
          <label class="check">
            <input type="checkbox" checked={asTable} onChange={(event) => setAsTable(event.currentTarget.checked)} /> as a table
          </label>
        </div>
      </div>
      {asTable ? (
        <Table domains={shown} unit={unit} selected={selected} select={select} />
      ) : (
        <ul class="skyline" ref={list} onKeyDown={move} aria-label="Guests; arrow keys move between them">
          {shown.map((domain) => (
            <Card
              key={domain.domid}
              domain={domain}
              most_kib={oneScale ? most : wholeOf(domain)}
              unit={unit}
              selected={domain.domid === selected}
              focusable={domain.domid === current}
              select={select}
            />
          ))}
        </ul>
      )}
      {shown.length === 0 && <p class="note">{domains.length ? "No guest matches." : "There are no domains."}</p>}
    </section>
  );
}
