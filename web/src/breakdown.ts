// SPDX-License-Identifier: LGPL-2.1-or-later
// The domain memory breakdown: a stack of segments, spans that each cover adjacent segments.

import type { Domain, Kib, Segments } from "./model";

export type SegmentKey = keyof Segments | "overhead";

export interface Segment {
  key: SegmentKey;
  name: string;
  means: string;
  kib: Kib;
}

export interface Span {
  key: string;
  name: string;
  means: string;
  kib: Kib;
  first: number; // of the segments, the topmost being 0
  last: number;
  side: "left" | "right";
  lane: number; // counted from the column outwards
}

// From the top of the stack to its bottom.
const SEGMENTS: [keyof Segments, string, string][] = [
  ["shadow", "shadow", "its paging pool: page tables that Xen keeps for it"],
  ["iommu", "IOMMU", "the IOMMU's own page tables, part of the same overhead"],
  ["extra_external", "extra external", "what Xen keeps about the domain, not part of its maximum"],
  ["extra_internal", "extra internal", "pages of the domain that its kernel does not see as memory"],
  ["video", "video", "memory of its video adapter"],
  ["guest", "guest", "the memory of its kernel now"],
  ["balloon", "balloon", "not allocated: what it may still grow into"],
];

const SPANS: [string, string, SegmentKey[], "left" | "right", number, string][] = [
  ["overhead", "overhead", ["shadow", "iommu", "extra_external", "extra_internal", "overhead"], "left", 0, "what the host spends on it beyond its own memory"],
  ["static_maximum", "static maximum", ["video", "guest", "balloon"], "left", 0, "its upper bound until it restarts"],
  ["build_start", "build start", ["guest"], "right", 0, "the memory of its kernel when it starts"],
  ["build_maximum", "build maximum", ["guest", "balloon"], "right", 1, "the upper bound of its kernel's memory"],
  ["actual_target", "actual target", ["video", "guest"], "right", 2, "what counts towards its target"],
  ["xen_maximum", "xen maximum", ["extra_internal", "video", "guest"], "right", 3, "what counts towards its xen maximum"],
  ["footprint", "footprint", ["shadow", "iommu", "extra_external", "extra_internal", "overhead", "video", "guest"], "right", 4, "everything but the balloon: what it costs the host"],
];

/** A domain of unknown type has overhead, current memory, and what it may grow into. */
function undivided(domain: Domain): Segment[] {
  const room = Math.max(0, (domain.static_max_kib ?? domain.current_kib) - domain.current_kib);
  return [
    { key: "overhead", name: "overhead", means: "what the host spends on it, undivided", kib: domain.overhead_kib },
    { key: "guest", name: "guest", means: "its current memory", kib: domain.current_kib },
    { key: "balloon", name: "balloon", means: "not allocated: what it may still grow into", kib: room },
  ];
}

export function segmentsOf(domain: Domain): Segment[] {
  const known = domain.segments;
  if (!known) return undivided(domain);
  return SEGMENTS.filter(([key]) => known[key] !== undefined && (key !== "iommu" || known[key] !== 0)).map(
    ([key, name, means]) => ({ key, name, means, kib: known[key] ?? 0 }),
  );
}

export function spansOf(segments: Segment[]): Span[] {
  const spans: Span[] = [];
  for (const [key, name, covers, side, lane, means] of SPANS) {
    const inside = segments.map((segment) => covers.includes(segment.key));
    const first = inside.indexOf(true);
    if (first < 0) continue;
    const last = inside.lastIndexOf(true);
    const kib = segments.slice(first, last + 1).reduce((sum, segment) => sum + segment.kib, 0);
    spans.push({ key, name, means, kib, first, last, side, lane });
  }
  return spans;
}

/** Heights that sum to `height`: in proportion, but none too low to read. */
export function heights(sizes: Kib[], height: number, least: number[]): number[] {
  const out = sizes.map(() => 0);
  const fixed = sizes.map(() => false);
  for (;;) {
    const room = height - out.reduce((sum, h, i) => sum + (fixed[i] ? h : 0), 0);
    const total = sizes.reduce((sum, kib, i) => sum + (fixed[i] ? 0 : kib), 0);
    let changed = false;
    sizes.forEach((kib, i) => {
      if (fixed[i]) return;
      out[i] = total > 0 ? (room * kib) / total : 0;
      if (out[i]! < (least[i] ?? 0)) {
        out[i] = least[i] ?? 0;
        fixed[i] = changed = true;
      }
    });
    if (!changed) return out;
  }
}
