// SPDX-License-Identifier: LGPL-2.1-or-later
// The parts of the host, from the top of its column to the bottom.

import type { Host, Kib } from "./model";

export interface Part {
  key: string;
  name: string;
  means: string;
  kib: Kib;
}

const PARTS: [string, string, string][] = [
  ["xen", "Xen", "the hypervisor itself"],
  ["dom0", "dom0", "what the control domain holds"],
  ["domains", "guests", "what the guests hold"],
  ["overhead", "overhead", "what is spent on domains beyond what they hold"],
  ["unexplained", "unexplained", "neither free nor known to be anybody's"],
  ["claimed", "claimed", "free, but on its way to domains being built"],
  ["reserved", "reserved", "free, but promised to starts"],
  ["slack", "slack", "free, but kept for Xen and never promised"],
  ["scrub", "scrub", "free, but still to be cleaned"],
  ["free", "free", "free and nobody's"],
];

export const PART_KEYS = PARTS.map(([key]) => key);
const KNOWN = new Set(PART_KEYS);

/** All of them, also those a newer daemon has and this page does not know. */
export function partsOf(host: Host): Part[] {
  const parts = PARTS.map(([key, name, means]) => ({ key, name, means, kib: host.parts[key] ?? 0 }));
  for (const [key, kib] of Object.entries(host.parts))
    if (!KNOWN.has(key)) parts.push({ key: "other", name: key, means: "unknown to this page", kib });
  return parts;
}

/** What a column of the host must come to: the parts less what they contradict each other by. */
export const sumOf = (host: Host): Kib =>
  Object.values(host.parts).reduce((sum, kib) => sum + kib, 0) - host.overcounted_kib;
