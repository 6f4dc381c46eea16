// SPDX-License-Identifier: LGPL-2.1-or-later
// What the page computes: sums, shares, heights, words.

import { heights, segmentsOf, spansOf } from "../src/breakdown";
import { changed, type Change } from "../src/delta";
import { lastReport } from "../src/guestpanel";
import { sorted } from "../src/guests";
import { merged } from "../src/useevents";
import { fromTo, reasonOf } from "../src/eventlist";
import { Series } from "../src/history";
import { partsOf, sumOf, xenPartsOf } from "../src/host";
import { marksOf, moveOf, type Domain, type HostEvent, type Host, type State } from "../src/model";
import { ofGuest, ofHost, seriesOf, type Answer } from "../src/usehistory";
import { progressOf } from "../src/reservations";
import { change, exact, hostName, moment, percent, sentence, size, span } from "../src/units";

// node:test and node:assert without their types: the page itself needs none of node's.
declare const test: (name: string, body: () => void) => void;
declare const assert: { equal: (a: unknown, b: unknown, why?: string) => void; deepEqual: (a: unknown, b: unknown) => void; ok: (value: unknown, why?: string) => void };

const GIB = 1024 * 1024;

const domain = (what: Partial<Domain>): Domain => ({
  domid: 1, uuid: "u", name: "web", type: "hvm", state: "run", dom0: false, balloon: true,
  current_kib: 2 * GIB, target_kib: 2 * GIB, xen_maximum_kib: 2 * GIB, dynamic_min_kib: GIB, dynamic_max_kib: 3 * GIB,
  static_max_kib: 3 * GIB, overhead_kib: 20480, segments: null, used_kib: null, reported_free_kib: null,
  report_age_usec: null, shares: 1000, opted_out: false, paused: false, balloon_status: "follows", need_kib: null,
  floor_kib: null, reclaim_kib_per_sec: null, grow_kib_per_sec: null, trust_permyriad: null, why: null, reservation: null,
  ...what,
});

test("a report has its age, its program and what of it is ignored", () => {
  assert.equal(lastReport(domain({})), "none");
  assert.equal(lastReport(domain({ report_age_usec: 12_000_000 })), `${span(12_000_000)} ago`);
  const told = domain({ report_age_usec: 12_000_000, report_source: "ballast-agent" });
  assert.equal(lastReport(told), `${span(12_000_000)} ago, ballast-agent`);
  assert.equal(lastReport({ ...told, report_source: "unknown" }), `${span(12_000_000)} ago`);
  assert.equal(lastReport(domain({ malformed_node: "memory/meminfo" })), "memory/meminfo is not usable");
  assert.equal(lastReport({ ...told, malformed_node: "data/ballast/alive" }),
    `${span(12_000_000)} ago, ballast-agent; data/ballast/alive is not usable`);
});

const DIVIDED = { shadow: 18432, iommu: 0, extra_external: 2048, extra_internal: 1024, video: 16384, guest: 2 * GIB - 17408, balloon: GIB };

test("spans are the sums of the segments that they cover", () => {
  const segments = segmentsOf(domain({ segments: DIVIDED }));
  assert.deepEqual(segments.map((s) => s.key), ["shadow", "extra_external", "extra_internal", "video", "guest", "balloon"]);
  const of = Object.fromEntries(spansOf(segments).map((s) => [s.key, s.kib]));
  assert.equal(of.overhead, 18432 + 2048 + 1024);
  assert.equal(of.static_maximum, 16384 + DIVIDED.guest + GIB);
  assert.equal(of.build_start, DIVIDED.guest);
  assert.equal(of.build_maximum, DIVIDED.guest + GIB);
  assert.equal(of.actual_target, 16384 + DIVIDED.guest);
  assert.equal(of.xen_maximum, 1024 + 16384 + DIVIDED.guest);
  assert.equal(of.footprint, 18432 + 2048 + 1024 + 16384 + DIVIDED.guest);
});

test("a PV guest has neither shadow nor video, and a domain of no known type is not divided", () => {
  const pv = segmentsOf(domain({ type: "pv", segments: { extra_external: 2048, extra_internal: 0, guest: GIB, balloon: 0 } }));
  assert.deepEqual(pv.map((s) => s.key), ["extra_external", "extra_internal", "guest", "balloon"]);
  const plain = segmentsOf(domain({}));
  assert.deepEqual(plain.map((s) => [s.key, s.kib]), [["overhead", 20480], ["guest", 2 * GIB], ["balloon", GIB]]);
  const footprint = spansOf(plain).find((s) => s.key === "footprint");
  assert.equal(footprint?.kib, 2 * GIB + 20480);
});

test("heights fill the picture, in proportion, and none is too low", () => {
  const all = heights([20480, 8 * GIB, 2 * GIB, 0], 400, [24, 100, 60, 20]);
  assert.ok(Math.abs(all.reduce((a, b) => a + b) - 400) < 1e-6);
  assert.ok(all[0]! >= 24 && all[2]! >= 60 && all[3]! >= 20);
  assert.ok(all[1]! > all[2]!);
  assert.deepEqual(heights([1, 3], 400, [0, 0]), [100, 300]);
  assert.deepEqual(heights([0, 0], 400, [5, 5]), [5, 5]);
});

test("the parts of the host sum, also with one that is not known here", () => {
  const host = { now_usec: 0, total_kib: 100, available_kib: 0, parts: { xen: 10, dom0: 20, domains: 60, free: 13, ether: 2 }, overcounted_kib: 5, deficit_kib: 0 } satisfies Host;
  assert.equal(sumOf(host), 100);
  assert.equal(partsOf(host).reduce((sum, part) => sum + part.kib, 0) - 5, 100);
  assert.equal(partsOf(host).find((part) => part.name === "ether")?.kib, 2);
});

test("what Xen consists of is listed by size, and is nothing where the daemon does not know", () => {
  const host = { now_usec: 0, total_kib: 100, available_kib: 0, parts: { xen: 10, free: 90 }, overcounted_kib: 0, deficit_kib: 0 };
  assert.deepEqual(xenPartsOf({ ...host, xen_parts: { image: 3, trace: 0, frame_table: 7 } }), [["frame table", 7], ["image", 3]]);
  assert.deepEqual(xenPartsOf({ ...host, xen_parts: null }), []);
  assert.deepEqual(xenPartsOf(host), []);
});

test("sizes in words", () => {
  assert.equal(size(4 * GIB, "auto"), "4 GiB");
  assert.equal(size(4.25 * GIB, "auto"), "4.25 GiB");
  assert.equal(size(512 * 1024, "auto"), "512 MiB");
  assert.equal(size(20, "auto"), "20 KiB");
  assert.equal(size(0, "auto"), "0 KiB");
  assert.equal(size(4 * GIB, "KiB"), "4\u202f194\u202f304 KiB");
  assert.equal(exact(1234567), "1\u202f234\u202f567 KiB");
  assert.equal(change(-1024, "auto"), "−1 MiB");
  assert.equal(change(1024, "auto"), "+1 MiB");
  assert.equal(percent(1, 3), "33 %");
  assert.equal(percent(1, 100000), "<0.1 %");
  assert.equal(percent(1, 0), "");
  assert.equal(span(59.4e6), "59 s");
  assert.equal(span(185e6), "3 min 5 s");
  assert.equal(span(7500e6), "2 h 5 min");
});

test("the daemon's sentences, with sizes as the page has them", () => {
  const said = {
    pattern: "{name} shrinks by {missing_kib}: target {target_kib} (reservation {reservation})",
    message: "web shrinks by 3145728 KiB: target 1024 KiB (reservation 7)",
    name: "20 KiB {target_kib}", missing_kib: 3 * GIB, target_kib: 1024, reservation: 7,
  };
  assert.equal(sentence(said, "auto"), "20 KiB {target_kib} shrinks by 3 GiB: target 1 MiB (reservation 7)");
  assert.equal(sentence(said, "MiB"), "20 KiB {target_kib} shrinks by 3\u202f072 MiB: target 1 MiB (reservation 7)");
  assert.equal(sentence({ pattern: null, message: "as it is: 20 KiB" }, "GiB"), "as it is: 20 KiB");
  assert.equal(sentence({ pattern: "{gone_kib} of {what}", message: "" }, "GiB"), "{gone_kib} of {what}");
  assert.equal(sentence({ message: null }, "GiB"), "");
  assert.equal(hostName("sim:/some/where/office.scn"), "sim:office.scn");
  assert.equal(hostName("xen"), "xen");
});

test("who moves, and where to", () => {
  assert.equal(moveOf(domain({})), "still");
  assert.equal(moveOf(domain({ target_kib: 2 * GIB + 8 })), "still");
  assert.equal(moveOf(domain({ target_kib: 3 * GIB })), "grows");
  assert.equal(moveOf(domain({ target_kib: GIB })), "shrinks");
  assert.equal(moveOf(domain({ target_kib: null })), "still");
});

test("what is to be noticed: the worst first, and none of it by colour alone", () => {
  const marks = marksOf(domain({ balloon_status: "stuck", state: "paused", opted_out: true }));
  assert.deepEqual(marks.map((mark) => mark.word), ["stuck", "paused", "opted out"]);
  assert.ok(marks.every((mark) => mark.glyph && mark.word && mark.means));
  assert.deepEqual(marksOf(domain({})), []);
});

test("search takes all words, and the order is as chosen", () => {
  const all = [domain({ domid: 2, name: "vm10" }), domain({ domid: 1, name: "vm9", balloon_status: "stuck" }), domain({ domid: 3, name: "mail", current_kib: 9 * GIB })];
  const names = (list: Domain[]) => list.map((one) => one.name);
  assert.deepEqual(names(sorted(all, "number", "")), ["vm9", "vm10", "mail"]);
  assert.deepEqual(names(sorted(all, "name", "")), ["mail", "vm9", "vm10"]);
  assert.deepEqual(names(sorted(all, "takes", "")), ["mail", "vm9", "vm10"]);
  assert.deepEqual(names(sorted(all, "marked", "")), ["vm9", "vm10", "mail"]);
  assert.deepEqual(names(sorted(all, "number", "VM stuck")), ["vm9"]);
  assert.deepEqual(names(sorted(all, "number", "nobody")), []);
});

test("a series is bounded, keeps its newest, and takes nothing from the past", () => {
  const series = new Series(["a"], 100);
  for (let i = 0; i < 1000; i++) series.add(i, [i]);
  series.add(5, [5]);
  assert.ok(series.length <= 100);
  const [times, values] = series.columns;
  assert.equal(times![times!.length - 1], 999);
  assert.equal(times![0], 0);
  assert.ok(times!.every((time, i) => time === values![i] && (i === 0 || time! > times![i - 1]!)));
});

test("how far a reservation has come", () => {
  const one = { id: 1, owner: "o", label: null, min_kib: 100, max_kib: 100, granted_kib: 0, used_kib: 0, reason: "ok", message: "", requested_usec: 0, changed_usec: 0, deadline_usec: null, missing_kib: 0, domid: null };
  assert.equal(progressOf({ ...one, state: "reclaiming", missing_kib: 40 }).of, 0.6);
  assert.equal(progressOf({ ...one, state: "requested", missing_kib: 400 }).of, 0);
  assert.equal(progressOf({ ...one, state: "granted", granted_kib: 100 }).of, 1);
  assert.equal(progressOf({ ...one, state: "bound", granted_kib: 100, used_kib: 25 }).of, 0.25);
});

const answer = (what: Partial<Answer>): Answer => ({ step_usec: 15e6, time_usec: [0, 15e6, 30e6, 300e6], end_usec: [15e6, 30e6, 45e6, 315e6], ...what });

test("the host's past sums as the daemon says it, is empty where parts are not known, and has holes", () => {
  const parts = { xen: [null, 10, 10, 10], dom0: [null, 20, 21, 20], free: [null, 70, 69, 70] };
  const series = seriesOf(ofHost, answer({ parts, total_kib: [null, 100, 100, 100] }));
  assert.deepEqual(series.columns[0], [15, 30, 45, 300]);
  const at = (i: number) => series.columns.slice(1).map((column) => column[i] ?? null);
  assert.deepEqual(at(0).filter((kib) => kib !== null), [10, 20, 70]);
  for (const i of [0, 1, 3]) assert.equal(at(i).reduce<number>((sum, kib) => sum + (kib ?? 0), 0), 100);
  assert.ok(at(2).every((kib) => kib === null), "the hole");
  assert.equal(seriesOf(ofHost, answer({})).length, 0, "an older daemon");
});

test("a guest's past has the means, and no need where none is known", () => {
  const of = (mean: number[]) => ({ min: mean, mean, max: mean });
  const series = seriesOf(ofGuest("u"), answer({ time_usec: [0, 15e6], end_usec: [15e6, 30e6], current_kib: of([5, 6]), target_kib: of([5, 5]), need_kib: of([0, 3]) }));
  assert.deepEqual(series.columns, [[0, 15], [5, 6], [5, 5], [null, 3]]);
});

test("a daemon that answers with more than can be is cut", () => {
  const many = Array.from({ length: 5000 }, (_, i) => i * 15e6);
  const series = seriesOf(ofHost, answer({ time_usec: many, end_usec: many.map((time) => time + 15e6), parts: { free: many } }));
  assert.ok(series.length <= 2000);
});

const event = (what: Partial<HostEvent>): HostEvent => ({
  number: 1, time_usec: 0, until_usec: 0, uuid: null, name: "web", who: "balancer", what: "target", reason: "reclaimed-for-start",
  from_kib: 4 * GIB, to_kib: 2 * GIB, reservation: null, steps: 1, detail: null, message: "target lowered", ...what,
});

test("what happened is each event once, as it is known last, the newest first", () => {
  const all = merged([event({ number: 1 }), event({ number: 2 })], [event({ number: 2, steps: 3 }), event({ number: 3 })]);
  assert.deepEqual(all.map((one) => [one.number, one.steps]), [[3, 1], [2, 3], [1, 1]]);
});

test("who, from, to and why in words", () => {
  assert.equal(fromTo(event({}), "auto"), "4 GiB → 2 GiB");
  assert.equal(fromTo(event({ from_kib: null }), "auto"), "2 GiB");
  assert.equal(fromTo(event({ from_kib: null, to_kib: null }), "auto"), "");
  assert.equal(reasonOf(event({})), "reclaimed for start");
  assert.equal(reasonOf(event({ reason: null })), "");
  assert.ok(/^\d\d:\d\d:\d\d$/.test(moment(1e15, 1e15)));
  assert.ok(/^\d\d-\d\d \d\d:\d\d:\d\d$/.test(moment(1e15, 1e15 + 3 * 86400e6)));
});

test("a change makes the next state of the one that it begins from, and of no other", () => {
  const state = { seq: 7, whole: true, problem: null, domains: [domain({ domid: 1 }), domain({ domid: 2 }), domain({ domid: 3 })],
    reservations: [] } as unknown as State;
  const change: Change = { seq: 8, since: 7, set: { whole: false },
    domains: { changed: [{ domid: 1, target_kib: 5 }], new: [{ ...domain({ domid: 4 }) }], order: [1, 3, 4] } };
  const after = changed(state, change);
  assert.equal(after?.seq, 8);
  assert.equal(after?.whole, false);
  assert.deepEqual(after?.domains.map((d) => d.domid), [1, 3, 4]);
  assert.equal(after?.domains[0]?.target_kib, 5);
  assert.equal(after?.domains[0]?.name, "web");
  assert.ok(after?.domains[1] === state.domains[2], "what has not changed is the same object");
  assert.equal(changed({ ...state, seq: 6 }, change), null);
  assert.equal(changed(null, change), null);
});
