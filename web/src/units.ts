// SPDX-License-Identifier: LGPL-2.1-or-later
// Sizes and times for people. Numbers stay exact in KiB until here.

export const UNITS = ["auto", "GiB", "MiB", "KiB"] as const;
export type Unit = (typeof UNITS)[number];

const KIB_IN: Record<Exclude<Unit, "auto">, number> = { GiB: 1024 * 1024, MiB: 1024, KiB: 1 };

const grouped = (value: number, digits: number): string =>
  value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace(/,/g, "\u202f");

/** "4.25 GiB", "512 MiB", "20 KiB": the unit in which the number is short, or the one chosen. */
export function size(kib: number, unit: Unit): string {
  const used =
    unit !== "auto" ? unit : Math.abs(kib) >= KIB_IN.GiB ? "GiB" : Math.abs(kib) >= KIB_IN.MiB ? "MiB" : "KiB";
  const value = kib / KIB_IN[used];
  const digits =
    used === "KiB" || Number.isInteger(value) ? 0 : used === "GiB" ? 2 : Math.abs(value) < 100 ? 1 : 0;
  return `${grouped(value, digits)} ${used}`;
}

/** With its sign, for changes. */
export const change = (kib: number, unit: Unit): string => `${kib < 0 ? "−" : "+"}${size(Math.abs(kib), unit)}`;

/** Exact, with thin spaces. */
export const exact = (kib: number): string => `${grouped(kib, 0)} KiB`;

export function percent(part: number, whole: number): string {
  if (whole <= 0) return "";
  const value = (100 * part) / whole;
  return value > 0 && value < 0.1 ? "<0.1 %" : `${value.toFixed(value < 10 ? 1 : 0)} %`;
}

/** "12 s", "3 min 5 s", "2 h 4 min". */
export function span(usec: number): string {
  const seconds = Math.max(0, Math.round(usec / 1e6));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const two = (value: number): string => String(value).padStart(2, "0");

/** The time of day of a time in the daemon's answers. */
export function clock(usec: number): string {
  const date = new Date(usec / 1000);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The same with the day, if that is not the day of `now_usec`. */
export function moment(usec: number, now_usec: number): string {
  const date = new Date(usec / 1000);
  const today = new Date(now_usec / 1000).toDateString() === date.toDateString();
  return today ? clock(usec) : `${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(usec)}`;
}

/** A sentence of the daemon with named holes, and their figures. */
export interface Said {
  pattern?: string | null;
  message: string | null;
}

/** The sentence, with sizes in the unit that the reader chose; the daemon's own text if it sent no pattern. */
export function sentence(said: Said, unit: Unit): string {
  const figures = said as unknown as Record<string, unknown>;
  if (!said.pattern) return said.message ?? "";
  return said.pattern.replace(/\{(\w+)\}/g, (hole, name: string) => {
    const figure = figures[name];
    if (typeof figure === "number") return name.endsWith("_kib") ? size(figure, unit) : String(figure);
    return typeof figure === "string" ? figure : hole;
  });
}

/** "sim:/some/where/office.scn" is shown by its last part. */
export const hostName = (host: string): string => host.replace(/^sim:.*\//, "sim:");
