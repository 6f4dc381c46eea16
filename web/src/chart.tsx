// SPDX-License-Identifier: LGPL-2.1-or-later
// Time series. For the keyboard a chart is a slider: arrow keys move through time, and screen readers
// read the values.

import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Series } from "./history";
import { PART_KEYS } from "./host";
import { canvasFill, Swatch } from "./patterns";
import { clock, moment, size, type Unit } from "./units";

export interface Spec {
  stacked: boolean;
  lines: { key: string; name: string; from: string; dash?: number[]; width?: number }[]; // topmost last
}

export const hostChart: Spec = {
  stacked: true,
  lines: PART_KEYS.map((key) => ({
    key,
    name: key === "domains" ? "guests" : key === "xen" ? "Xen" : key,
    from: key,
  })),
};

export const guestChart: Spec = {
  stacked: false,
  lines: [
    { key: "need", name: "need", from: "need", dash: [2, 4], width: 2 },
    { key: "target", name: "target", from: "target", dash: [7, 4], width: 2 },
    { key: "guest", name: "current", from: "current", width: 2.5 },
  ],
};

type Columns = (number | null)[][];

/** The data to draw: for a stack the sums from the bottom, the largest first and so behind the others. */
function drawn(spec: Spec, series: Series): { data: Columns; order: number[] } {
  const columns = spec.lines.map((line) => series.columns[series.names.indexOf(line.from) + 1]!);
  const times = series.columns[0]!;
  if (!spec.stacked) return { data: [times, ...columns], order: spec.lines.map((_, i) => i) };
  const sums: Columns = [];
  let below: (number | null)[] = times.map(() => 0);
  for (const column of columns) {
    below = column.map((value, i) => (value === null ? null : value + (below[i] ?? 0)));
    sums.push(below);
  }
  const order = spec.lines.map((_, i) => spec.lines.length - 1 - i);
  return { data: [times, ...order.map((i) => sums[i]!)], order };
}

/** Times of day, and days of the week. */
const labels = (_u: uPlot, splits: number[]): string[] => {
  const step = (splits[1] ?? 0) - (splits[0] ?? 0);
  return splits.map((split) => (step >= 43200 ? moment(split * 1e6, 0).slice(0, 5) : clock(split * 1e6).slice(0, step >= 60 ? 5 : 8)));
};

function options(spec: Spec, width: number, height: number, unit: Unit, cursor: (i: number | null) => void): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const paint = (name: string) => style.getPropertyValue(name).trim();
  const order = spec.stacked ? spec.lines.map((_, i) => spec.lines.length - 1 - i) : spec.lines.map((_, i) => i);
  const axis = { stroke: paint("--faint"), grid: { stroke: paint("--hair"), width: 1 }, ticks: { stroke: paint("--hair"), width: 1 }, font: "11px system-ui, sans-serif" };
  return {
    width,
    height,
    legend: { show: false },
    cursor: { y: false, points: { show: !spec.stacked }, drag: { x: false, y: false } },
    scales: { x: { time: true }, y: { range: (_u, _min, max) => [0, max > 0 ? max * (spec.stacked ? 1 : 1.08) : 1] } },
    axes: [
      { ...axis, space: 70, incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400], values: labels },
      {
        ...axis,
        size: 62,
        space: 34,
        incrs: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512].flatMap((n) => [n * 1024, n * 1048576]).sort((a, b) => a - b).concat([1073741824]),
        values: (_u, splits) => splits.map((split) => size(split, unit === "KiB" ? "MiB" : unit)),
      },
    ],
    series: [
      {},
      ...order.map((i) => {
        const line = spec.lines[i]!;
        const ink = paint(spec.stacked ? "--surface" : `--line-${line.from}`);
        return spec.stacked
          ? { label: line.name, stroke: ink, width: 0.75, fill: canvasFill(line.key, style) as CanvasPattern, points: { show: false } }
          : { label: line.name, stroke: ink, width: line.width ?? 2, points: { show: false }, ...(line.dash ? { dash: line.dash } : {}) };
      }),
    ],
    hooks: { setCursor: [(u: uPlot) => cursor(u.cursor.idx ?? null)] },
  };
}

interface Props {
  title: string;
  spec: Spec;
  series: Series | undefined;
  count: number;
  unit: Unit;
  short?: boolean;
}

export function Chart({ title, spec, series, count, unit, short }: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const [theme, setTheme] = useState(0);
  const [width, setWidth] = useState(0);
  const height = short ? 150 : 240;
  const length = series?.length ?? 0;

  useLayoutEffect(() => setWidth(box.current?.clientWidth ?? 0), []);

  useEffect(() => {
    const media = window.matchMedia("(prefers-color-scheme: dark)");
    const flip = () => setTheme((n) => n + 1);
    const watch = new ResizeObserver(() => setWidth(box.current?.clientWidth ?? 0));
    media.addEventListener("change", flip);
    if (box.current) watch.observe(box.current);
    return () => {
      media.removeEventListener("change", flip);
      watch.disconnect();
    };
  }, []);

  useEffect(() => {
    if (!box.current || !series) return;
    const { data } = drawn(spec, series);
    const made = new uPlot(options(spec, Math.max(width, 100), height, unit, setAt), data as uPlot.AlignedData, box.current);
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = null;
      setAt(null);
    };
  }, [spec, series === undefined, unit, theme, height]); // another series has other data, but the cursor stays

  useEffect(() => {
    if (width > 0) plot.current?.setSize({ width, height });
  }, [width, height]);

  useEffect(() => {
    if (plot.current && series) plot.current.setData(drawn(spec, series).data as uPlot.AlignedData);
  }, [count, series]);

  const point = Math.max(0, Math.min(at ?? length - 1, length - 1));
  const values = spec.lines.map((line) => ({ ...line, kib: series?.columns[series.names.indexOf(line.from) + 1]![point] ?? null }));
  const time = series?.columns[0]![point];
  const words = values.filter((line) => line.kib !== null && (!spec.stacked || line.kib > 0)).map((line) => `${line.name} ${size(line.kib!, unit)}`);
  const last = series?.columns[0]![length - 1] ?? 0;
  const when = time ? moment(time * 1e6, last * 1e6) : "";
  const said = time ? `${when}: ${words.length ? words.join(", ") : "nothing is known"}` : "nothing yet";
  const sum = spec.stacked ? values.reduce((total, line) => total + (line.kib ?? 0), 0) : undefined;

  const go = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -length, End: length };
    const step = steps[event.key];
    const u = plot.current;
    if (step === undefined || !u || !series || length === 0) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(length - 1, point + step));
    u.setCursor({ left: u.valToPos(series.columns[0]![next]!, "x"), top: 0 });
    setAt(next);
  };

  return (
    <div class="chart">
      <div
        ref={box}
        class={short ? "plot short" : "plot"}
        role="slider"
        tabIndex={0}
        aria-label={`${title}; arrow keys move through time`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, length - 1)}
        aria-valuenow={Math.max(0, point)}
        aria-valuetext={said}
        data-from={series?.columns[0]![0]}
        data-sum={time === undefined ? undefined : sum}
        onKeyDown={go}
      />
      <p class="legend" aria-hidden="true">
        <span class="faint">{when}</span>
        {[...values].reverse().filter((line) => !spec.stacked || (line.kib ?? 0) > 0).map((line) => (
          <span key={line.key} class="entry">
            {spec.stacked ? <Swatch part={line.key} /> : <i class={`stroke ${line.from}`} />}
            {line.name} {line.kib === null ? "–" : size(line.kib, unit)}
          </span>
        ))}
      </p>
    </div>
  );
}
