// SPDX-License-Identifier: LGPL-2.1-or-later
// The state as ballast-web sends it: ballast-protocol(7) describes its members. Sizes are KiB.

export type Kib = number;

export interface Segments {
  shadow?: Kib;
  iommu?: Kib;
  extra_external?: Kib;
  extra_internal?: Kib;
  video?: Kib;
  guest?: Kib;
  balloon?: Kib;
}

/** An event of `events`: a decision or an incident. A decision that continued is one event. */
export interface HostEvent {
  number: number;
  time_usec: number;
  until_usec: number;
  uuid: string | null;
  name: string | null;
  who: string | null;
  what: string | null;
  reason: string | null;
  from_kib: Kib | null;
  to_kib: Kib | null;
  reservation: number | null;
  steps: number;
  detail: string | null;
  pattern?: string | null;
  message: string | null;
}

// What ballast-agent reports of a guest; null: not known. Counts are since its boot.
export interface Pressure {
  psi_some_permyriad: number | null;
  psi_full_permyriad: number | null;
  refaults: number | null;
  swapins: number | null;
  stalls: number | null;
  oom_kills: number | null;
  age_usec: number | null;
}

export interface Domain {
  domid: number;
  uuid: string;
  name: string | null;
  type: "hvm" | "pv" | "pvh" | null;
  state: string;
  dom0: boolean;
  balloon: boolean;
  current_kib: Kib;
  target_kib: Kib | null;
  xen_maximum_kib: Kib | null;
  dynamic_min_kib: Kib | null;
  dynamic_max_kib: Kib | null;
  static_max_kib: Kib | null;
  overhead_kib: Kib;
  segments: Segments | null;
  report_source?: string | null; // absent, like the next three: a daemon that knows only use
  reported_swap_kib?: Kib | null;
  pressure?: Pressure | null;
  malformed_node?: string | null;
  used_kib: Kib | null;
  reported_free_kib: Kib | null;
  report_age_usec: number | null;
  shares: number | null;
  opted_out: boolean;
  paused: boolean;
  pinned_kib?: Kib | null; // absent: a daemon that does not pin
  pinned_by?: string | null;
  balloon_status: string;
  need_kib: Kib | null;
  floor_kib: Kib | null;
  reclaim_kib_per_sec: Kib | null;
  grow_kib_per_sec: Kib | null;
  trust_permyriad: number | null;
  why: HostEvent | null;
  reservation: number | null;
}

export interface Reservation {
  id: number;
  owner: string;
  label: string | null;
  min_kib: Kib;
  max_kib: Kib;
  granted_kib: Kib;
  used_kib: Kib;
  state: "requested" | "reclaiming" | "granted" | "bound" | "used" | "released" | "refused";
  reason: string;
  pattern?: string | null;
  message: string;
  requested_usec: number;
  changed_usec: number;
  deadline_usec: number | null;
  missing_kib: Kib;
  domid: number | null;
}

export interface Host {
  now_usec: number;
  total_kib: Kib;
  available_kib: Kib;
  reserved_claim_kib?: Kib;
  headroom_kib?: Kib;
  headroom_missing_kib?: Kib;
  state?: "plenty" | "soft" | "hard" | "low" | null;
  unneeded_kib?: Kib | null;
  parts: Record<string, Kib>;
  xen_parts?: Record<string, Kib> | null;
  unexplained_most_kib?: Kib | null;
  overcounted_kib: Kib;
  deficit_kib: Kib;
}

export interface Alert {
  name: string;
  on: boolean;
  since_usec: number;
  message: string | null;
}

export interface Status {
  now_usec: number;
  uptime_usec: number;
  policy: string;
  paused: boolean;
  host: string;
  ticks: number;
  late_ticks: number;
  clients: number;
  ledger: { writable: boolean; open: number; message: string | null };
  alerts: Alert[];
}

export interface State {
  seq: number;
  daemon: { daemon: string; host: string; pid: number } | null;
  status: Status | null;
  host: Host | null;
  policy: { name: string; policies: string[] } | null;
  domains: Domain[];
  reservations: Reservation[];
  events: HostEvent[] | null; // null: the daemon did not answer
  problem: string | null;
  whole: boolean;
}

export const nameOf = (domain: Domain): string => domain.name ?? `domain ${domain.domid}`;

/** What a domain costs the host: its current memory and overhead. */
export const takes = (domain: Domain): Kib => domain.current_kib + domain.overhead_kib;

/** Within a MiB of its target counts as there, as in `ballast top`: balloons stop in whole pages, and an HVM guest
    without a video adapter never has its last ones. */
export const NEAR_KIB = 1023;

export type Move = "grows" | "shrinks" | "still";

export function moveOf(domain: Domain): Move {
  const target = domain.target_kib;
  if (target === null || Math.abs(target - domain.current_kib) <= NEAR_KIB) return "still";
  return target > domain.current_kib ? "grows" : "shrinks";
}

export interface Mark {
  word: string;
  glyph: string;
  tone: "bad" | "warn" | "plain";
  means: string;
}

/** What an administrator should notice about a domain, the most urgent first. */
export function marksOf(domain: Domain): Mark[] {
  const marks: Mark[] = [];
  const add = (word: string, glyph: string, tone: Mark["tone"], means: string) =>
    marks.push({ word, glyph, tone, means });
  if (domain.balloon_status === "stuck") add("stuck", "!", "bad", "makes no useful progress towards its target");
  if (domain.balloon_status === "slow") add("slow", "~", "warn", "follows its target slowly");
  if (domain.state === "paused") add("paused", "Ⅱ", "warn", "paused in Xen: its balloon cannot move");
  if (domain.state === "build") add("building", "+", "plain", "its toolstack is still building it");
  if (domain.state === "migrating") add("migrating", "»", "warn", "migrating: it is not asked to free memory");
  if (domain.balloon_status === "no-driver" || (!domain.balloon && domain.state === "run"))
    add("no balloon", "∅", "plain", "no balloon driver was seen");
  if (domain.pinned_kib)
    add("pinned", "⌖", "plain", `target pinned at ${Math.round(domain.pinned_kib / 1024)} MiB by ${domain.pinned_by ?? "an unknown program"}; the balancer keeps it`);
  if (domain.opted_out) add("opted out", "–", "plain", "opted out: the balancer does not touch it");
  if (domain.paused) add("not balanced", "=", "plain", "balancing of it is paused: its target does not change");
  return marks;
}
