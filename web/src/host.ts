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
  ["dom0", "dom0", "the current memory of dom0"],
  ["domains", "guests", "the current memory of the guests"],
  ["overhead", "overhead", "what domains cost the host beyond their current memory"],
  ["unexplained", "unexplained", "not free, and nothing accounts for it"],
  ["claimed", "claimed", "free, but claimed for domains being built"],
  ["reserved", "reserved", "free, but granted to starts"],
  ["slack", "slack", "free, but kept for Xen and never reserved"],
  ["scrub", "scrub", "available, but not scrubbed yet"],
  ["free", "free", "available"],
];

export const PART_KEYS = PARTS.map(([key]) => key);
const KNOWN = new Set(PART_KEYS);

/** All parts, including those of a newer daemon that this page does not know. */
export function partsOf(host: Host): Part[] {
  const parts = PARTS.map(([key, name, means]) => ({ key, name, means, kib: host.parts[key] ?? 0 }));
  for (const [key, kib] of Object.entries(host.parts))
    if (!KNOWN.has(key)) parts.push({ key: "other", name: key, means: "unknown to this page", kib });
  return parts;
}

/** What Xen itself consists of, largest first; empty where the daemon does not know. */
export function xenPartsOf(host: Host): [string, Kib][] {
  return Object.entries(host.xen_parts ?? {})
    .filter(([, kib]) => kib > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([word, kib]) => [word.replaceAll("_", " "), kib]);
}

/** The sum of the host's column: the parts less what is overcounted. */
export const sumOf = (host: Host): Kib =>
  Object.values(host.parts).reduce((sum, kib) => sum + kib, 0) - host.overcounted_kib;
