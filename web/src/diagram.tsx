// SPDX-License-Identifier: LGPL-2.1-or-later
// The diagram of the domain memory breakdown: a column of segments, and spans as brackets beside it.

import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { heights, segmentsOf, spansOf, type Segment, type Span } from "./breakdown";
import { nameOf, type Domain } from "./model";
import { fillOf } from "./patterns";
import { exact, percent, size, type Unit } from "./units";

const WIDTH = 340;
const HEIGHT = 404;
const TOP = 12;
const COLUMN = { x: 48, width: 156 };
const LANE = 26;

type Lit = { kind: "segment" | "span"; key: string } | null;

const leastOf = (segment: Segment): number => (segment.key === "overhead" ? 64 : segment.kib === 0 ? 22 : segment.key === "guest" ? 120 : segment.key === "balloon" ? 60 : 24);

/** An empty lane of brackets takes no space. */
function lanes(spans: Span[]): Map<string, number> {
  const right = spans.filter((span) => span.side === "right").sort((a, b) => a.lane - b.lane);
  return new Map([...right.map((span, i) => [span.key, i] as const), ...spans.filter((s) => s.side === "left").map((s) => [s.key, 0] as const)]);
}

function Bracket({ span, lane, y0, y1, unit, state, bind }: { span: Span; lane: number; y0: number; y1: number; unit: Unit; state: string; bind: object }) {
  const left = span.side === "left";
  const x = left ? COLUMN.x - 10 : COLUMN.x + COLUMN.width + 10 + lane * LANE;
  const tick = left ? 5 : -5;
  const text = left ? x - 7 : x + 12;
  const middle = (y0 + y1) / 2;
  return (
    <g class={`bracket ${state}`} role="img" aria-label={`${span.name}: ${size(span.kib, unit)}, ${span.means}`} data-span={span.key} data-kib={span.kib} {...bind}>
      <rect class="reach" x={left ? x - 20 : x - 5} y={y0} width={LANE} height={Math.max(14, y1 - y0)} />
      <path class="line" d={`M${x + tick} ${y0 + 1} H${x} V${y1 - 1} H${x + tick}`} />
      <text class="turned" transform={`translate(${text} ${middle}) rotate(-90)`} text-anchor="middle">
        {span.name}
      </text>
    </g>
  );
}

export function Diagram({ domain, unit }: { domain: Domain; unit: Unit }): JSX.Element {
  const [lit, light] = useState<Lit>(null);
  const [current, setCurrent] = useState(0);
  const stage = useRef<SVGSVGElement>(null);
  const segments = segmentsOf(domain);
  const spans = spansOf(segments);
  const tall = heights(segments.map((s) => s.kib), HEIGHT - 2 * TOP, segments.map(leastOf));
  const tops = tall.map((_, i) => TOP + tall.slice(0, i).reduce((sum, h) => sum + h, 0));
  const laneOf = lanes(spans);
  const count = segments.length + spans.length;

  const covered = (i: number): boolean => {
    if (!lit) return false;
    if (lit.kind === "segment") return segments[i]!.key === lit.key;
    const span = spans.find((other) => other.key === lit.key);
    return span !== undefined && i >= span.first && i <= span.last;
  };
  const stateOf = (span: Span): string => {
    if (!lit) return "";
    if (lit.kind === "span") return lit.key === span.key ? "lit" : "dim";
    const i = segments.findIndex((segment) => segment.key === lit.key);
    return i >= span.first && i <= span.last ? "lit" : "dim";
  };
  /** One tab stop for the whole diagram; arrows move within it. */
  const bind = (i: number, what: NonNullable<Lit>) => ({
    tabIndex: i === Math.min(current, count - 1) ? 0 : -1,
    "data-stop": i,
    onPointerEnter: () => light(what),
    onPointerLeave: () => light(null),
    onFocus: () => {
      setCurrent(i);
      light(what);
    },
    onBlur: () => light(null),
  });
  const walk = (event: KeyboardEvent) => {
    const at = Number((event.target as SVGElement).dataset.stop ?? -1);
    const steps: Record<string, number> = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, Home: -at, End: count - 1 - at };
    const step = steps[event.key];
    if (at < 0 || step === undefined) return;
    event.preventDefault();
    stage.current?.querySelector<SVGElement>(`[data-stop="${(at + step + count) % count}"]`)?.focus();
  };

  // The target counts from the top of video downwards, like the span it is named after.
  const from = segments.findIndex((segment) => segment.key === "video" || segment.key === "guest");
  let left = domain.target_kib ?? -1;
  let targetAt: number | null = null;
  for (let i = from; left >= 0 && i < segments.length && targetAt === null; i++) {
    const segment = segments[i]!;
    if (left <= segment.kib || i === segments.length - 1)
      targetAt = tops[i]! + (segment.kib > 0 ? Math.min(1, left / segment.kib) : 0) * tall[i]!;
    left -= segment.kib;
  }

  const footprint = spans.find((span) => span.key === "footprint")?.kib ?? 0;
  const shownSegment = lit?.kind === "segment" ? segments.find((s) => s.key === lit.key) : undefined;
  const shown = lit?.kind === "span" ? spans.find((s) => s.key === lit.key) : shownSegment;
  return (
    <div class="diagram">
      <svg ref={stage} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="group" aria-label={`Memory breakdown of ${nameOf(domain)}; arrow keys go through its segments and spans`} onKeyDown={walk}>
        {segments.map((segment, i) => (
          <g key={segment.key} class={`segment ${lit ? (covered(i) ? "lit" : "dim") : ""}`} role="img" aria-label={`${segment.name}: ${size(segment.kib, unit)}, ${segment.means}`} data-segment={segment.key} data-kib={segment.kib} {...bind(i, { kind: "segment", key: segment.key })}>
            <rect class={segment.key === "balloon" ? "hollow" : "outline"} x={COLUMN.x} y={tops[i]!} width={COLUMN.width} height={tall[i]!} fill={fillOf(segment.key)} />
            <rect class="label-back" x={COLUMN.x + 8} y={tops[i]! + tall[i]! / 2 - 9} width={COLUMN.width - 16} height="18" rx="4" />
            <text x={COLUMN.x + 14} y={tops[i]! + tall[i]! / 2 + 4}>
              {segment.name}
            </text>
            <text class="figure" x={COLUMN.x + COLUMN.width - 14} y={tops[i]! + tall[i]! / 2 + 4} text-anchor="end">
              {size(segment.kib, unit)}
            </text>
          </g>
        ))}
        {spans.map((span, i) => (
          <Bracket
            key={span.key}
            span={span}
            lane={laneOf.get(span.key) ?? 0}
            y0={tops[span.first]!}
            y1={tops[span.last]! + tall[span.last]!}
            unit={unit}
            state={stateOf(span)}
            bind={bind(segments.length + i, { kind: "span", key: span.key })}
          />
        ))}
        {targetAt !== null && (
          <g class="target-line" aria-hidden="true">
            <path class="halo" d={`M${COLUMN.x - 4} ${targetAt} H${COLUMN.x + COLUMN.width + 4}`} />
            <path d={`M${COLUMN.x - 4} ${targetAt} H${COLUMN.x + COLUMN.width + 4}`} />
            <path class="head" d={`M${COLUMN.x - 4} ${targetAt} l-6 -4 v8 z`} />
          </g>
        )}
      </svg>
      <p class="readout" aria-hidden="true">
        {shown ? (
          <>
            <strong>{shown.name}</strong> {size(shown.kib, unit)}
            <span class="faint"> · {exact(shown.kib)}{shownSegment && shownSegment.key !== "balloon" ? ` · ${percent(shown.kib, footprint)} of the footprint` : ""}</span>
            <br />
            {shown.means}
          </>
        ) : (
          <span class="faint">
            Point at a segment or a span, or tab to the diagram and use the arrow keys. Small segments are drawn
            higher than they are; the red line is the target.
          </span>
        )}
      </p>
      <details>
        <summary>The same as a table</summary>
        <table class="breakdown">
          <caption class="hidden">Segments and spans of {nameOf(domain)}, in KiB</caption>
          <thead>
            <tr>
              <th scope="col">segment</th>
              <th scope="col" class="number">KiB</th>
            </tr>
          </thead>
          <tbody>
            {segments.map((segment) => (
              <tr key={segment.key}>
                <th scope="row">{segment.name}</th>
                <td class="number">{exact(segment.kib)}</td>
              </tr>
            ))}
          </tbody>
          <tbody class="spans">
            {spans.map((span) => (
              <tr key={span.key}>
                <th scope="row">{span.name}</th>
                <td class="number">{exact(span.kib)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </div>
  );
}
