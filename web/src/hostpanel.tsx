// SPDX-License-Identifier: LGPL-2.1-or-later
// The host as one stacked column, with a table beside it with the same in numbers.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { heights } from "./breakdown";
import { partsOf, sumOf, type Part, xenPartsOf } from "./host";
import { nameOf, type Domain, type Host } from "./model";
import { fillOf, Swatch } from "./patterns";
import { exact, percent, size, type Unit } from "./units";

const ROW = 34;
const WIDTH = 92;
const LEADER = 30;

interface Props {
  host: Host;
  domains: Domain[];
  unit: Unit;
  selected: number | null;
  select: (domid: number) => void;
}

/** The guests' part, divided among them in their order. */
function Bands({ domains, y, height, selected }: { domains: Domain[]; y: number; height: number; selected: number | null }) {
  const guests = domains.filter((domain) => !domain.dom0);
  const sum = guests.reduce((total, domain) => total + domain.current_kib, 0);
  let at = y;
  return (
    <g>
      {guests.map((domain) => {
        const tall = sum > 0 ? (height * domain.current_kib) / sum : 0;
        const band = (
          <rect
            key={domain.domid}
            class={domain.domid === selected ? "band chosen" : tall < 3 ? "band thin" : "band"}
            x="1"
            y={at}
            width={WIDTH - 2}
            height={Math.max(0, tall)}
            fill="transparent"
            data-domid={domain.domid}
          >
            <title>{nameOf(domain)}</title>
          </rect>
        );
        const label = tall >= 15 && (
          <text key={`name ${domain.domid}`} class="band-name" x="7" y={at + tall / 2 + 4}>
            {nameOf(domain).length > 12 ? `${nameOf(domain).slice(0, 11)}…` : nameOf(domain)}
          </text>
        );
        at += tall;
        return [band, label];
      })}
    </g>
  );
}

function Column({ parts, rows, props, lit, light }: { parts: Part[]; rows: Part[]; props: Props; lit: string | null; light: (key: string | null) => void }) {
  const height = Math.max(390, ROW * (rows.length + 2));
  const shown = parts.filter((part) => part.kib > 0);
  const tall = heights(shown.map((part) => part.kib), height - 2, shown.map(() => 3));
  let at = 1;
  return (
    <svg class="host-column" width={WIDTH + LEADER} height={height} aria-hidden="true" focusable="false">
      {shown.map((part, i) => {
        const y = at;
        const h = tall[i]!;
        at += h;
        const row = rows.findIndex((other) => other.key === part.key && other.name === part.name);
        const middle = ROW + ROW * row + ROW / 2;
        return (
          <g key={part.name} class={lit && lit !== part.name ? "part dim" : "part"} onPointerEnter={() => light(part.name)} onPointerLeave={() => light(null)}>
            <rect class="outline" x="1" y={y} width={WIDTH - 2} height={h} fill={fillOf(part.key)} data-part={part.key} data-kib={part.kib} />
            {part.key === "domains" && (
              <g
                onClick={(event) => {
                  const domid = (event.target as SVGElement).dataset.domid;
                  if (domid !== undefined) props.select(Number(domid));
                }}
              >
                <Bands domains={props.domains} y={y} height={h} selected={props.selected} />
              </g>
            )}
            <path class="leader" d={`M${WIDTH} ${y + h / 2} h6 L${WIDTH + LEADER - 8} ${middle} h6`} />
          </g>
        );
      })}
    </svg>
  );
}

export function HostPanel(props: Props): JSX.Element {
  const { host, unit } = props;
  const [lit, light] = useState<string | null>(null);
  const parts = partsOf(host);
  // Parts that are almost always empty have a row only when they are not.
  const rows = parts.filter((part) => part.kib > 0 || ["reserved", "free", "slack"].includes(part.key));
  const xen = xenPartsOf(host);
  const sum = sumOf(host);
  return (
    <section class="panel host" aria-labelledby="host-title">
      <h2 id="host-title">Host</h2>
      <div class="host-body">
        <Column parts={parts} rows={rows} props={props} lit={lit} light={light} />
        <table class="parts" id="host-parts">
          <caption class="hidden">Where the memory of the host is</caption>
          <thead>
            <tr>
              <th scope="col">part</th>
              <th scope="col" class="number">size</th>
              <th scope="col" class="number">share</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((part) => (
              <tr key={part.name} class={lit === part.name ? "lit" : ""} data-part={part.key} data-kib={part.kib} onPointerEnter={() => light(part.name)} onPointerLeave={() => light(null)}>
                <th scope="row" title={part.means}>
                  <Swatch part={part.key} />
                  {part.name}
                </th>
                <td class="number" title={exact(part.kib)}>{size(part.kib, unit)}</td>
                <td class="number faint">{percent(part.kib, host.total_kib)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            {host.overcounted_kib > 0 && (
              <tr>
                <th scope="row" title="a snapshot of a running host is not taken at one moment">overcounted</th>
                <td class="number">{size(-host.overcounted_kib, unit)}</td>
                <td />
              </tr>
            )}
            <tr id="host-sum" data-kib={sum} data-total={host.total_kib}>
              <th scope="row">sum</th>
              <td class="number" title={exact(sum)}>{size(sum, unit)}</td>
              <td class="number">
                {sum === host.total_kib ? (
                  <span class="good">= total</span>
                ) : (
                  <span class="bad">≠ {size(host.total_kib, unit)}</span>
                )}
              </td>
            </tr>
          </tfoot>
        </table>
      </div>
      {xen.length > 0 && (
        <details class="xen-parts">
          <summary>What Xen itself consists of</summary>
          <table id="xen-parts">
            <tbody>
              {xen.map(([word, kib]) => (
                <tr key={word} data-part={word} data-kib={kib}>
                  <th scope="row">{word}</th>
                  <td class="number" title={exact(kib)}>{size(kib, unit)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <p class="note">Up to {size(host.unexplained_most_kib ?? 0, unit)} may be unexplained beside it.</p>
        </details>
      )}
      <p class="note">
        {size(host.available_kib, unit)} can be granted at once.
        {(host.reserved_claim_kib ?? 0) > 0 && <> Of what is reserved, {size(host.reserved_claim_kib ?? 0, unit)} are claimed in Xen.</>}
        {(host.headroom_kib ?? 0) > 0 && (
          <> Headroom for starts that do not ask: {size(host.headroom_kib ?? 0, unit)}, {size(host.headroom_missing_kib ?? 0, unit)} of it missing.</>
        )}
        {host.state && (
          <> Memory is <span class={host.state === "low" ? "bad" : ""}>{host.state}</span>: {size(host.unneeded_kib ?? 0, unit)} are unneeded.</>
        )}
        {host.deficit_kib > 0 && <strong class="bad"> {size(host.deficit_kib, unit)} more are reserved than are free.</strong>}
      </p>
    </section>
  );
}
