// SPDX-License-Identifier: LGPL-2.1-or-later
// The page in a browser, against a daemon on the simulated host. TAP goes to standard output.
// Names of tests as arguments choose those. README_IMAGE=FILE writes the picture of README.md too.

import { join } from "node:path";
import { axe, browser, close, fits, holds, numbers, open, PHONE, same, shot, SHOTS, sum, TABLET, WIDE } from "./browser.mjs";
import { sleep, until, World } from "./world.mjs";

const tests = {
  async "the columns sum to the total of the host"() {
    const world = await new World("office.scn").start();
    const page = await open(world);
    // While memory moves, too: at each of several states.
    world.call("reserve", { min_kib: 6 << 20, label: "start" }).catch(() => {});
    for (let i = 0; i < 6; i++) {
      const seq = await page.getAttribute("main", "data-seq");
      await until(async () => (await page.getAttribute("main", "data-seq")) !== seq, "the next state");
      const [column, rows, [total], [shown]] = await page.evaluate(() => {
        const of = (selector, key) => [...document.querySelectorAll(selector)].map((one) => Number(one.dataset[key]));
        return [of(".host-column [data-part]", "kib"), of("#host-parts tbody tr", "kib"), of("#host-sum", "total"), of("#host-sum", "kib")];
      });
      same(sum(column), total, "the drawn column");
      same(sum(rows), total, "the table");
      same(shown, total, "the sum that is shown");
      same(total, 48 << 20, "the total");
    }
    holds(await page.isVisible("text== total"), "the page does not say that they sum");
    // The diagram of each guest: what it holds and costs is there, and spans are their segments.
    for (const name of ["mail", "database", "dns", "plain"]) {
      await page.click(`button.guest >> text="${name}"`);
      await page.waitForSelector(`.guest-panel h2 >> text="${name}"`);
      const [segments, footprint, domid] = await page.evaluate(() => [
        Object.fromEntries([...document.querySelectorAll("[data-segment]")].map((one) => [one.dataset.segment, Number(one.dataset.kib)])),
        Number(document.querySelector('[data-span="footprint"]').dataset.kib),
        Number(document.querySelector(".guest-panel").dataset.domid),
      ]);
      const { balloon, ...rest } = segments;
      holds(balloon !== undefined, `${name} has no balloon segment`);
      same(sum(Object.values(rest)), footprint, `the footprint of ${name}`);
      holds(domid > 0, "no domain");
    }
    await close(page);
    await world.end();
  },

  async "numbers equal those of ballast list and ballast status"() {
    const world = await new World("quiet.scn").start();
    const page = await open(world);
    await page.check("text=as a table");
    await page.selectOption(".unit select", "KiB");
    const shown = async () => {
      const rows = await page.$$eval("#domains tbody tr", (all) => all.map((row) => [...row.children].map((cell) => cell.textContent.trim())));
      return rows.map((cells) => {
        const kib = (text) => (text === "–" ? null : Number(text.replace(/[^0-9]/g, "")));
        return { name: cells[0], type: cells[1] === "–" ? null : cells[1], current_kib: kib(cells[3]), target_kib: kib(cells[4]), dynamic_min_kib: kib(cells[6]), dynamic_max_kib: kib(cells[7]), xen_maximum_kib: kib(cells[8]) };
      });
    };
    const listed = (await world.json("list")).map(({ name, type, current_kib, target_kib, dynamic_min_kib, dynamic_max_kib, xen_maximum_kib }) => ({ name, type, current_kib, target_kib, dynamic_min_kib, dynamic_max_kib, xen_maximum_kib }));
    same(await shown(), listed, "the table and ballast list --json");
    const [status] = await world.json("status");
    const parts = await page.$$eval("#host-parts tbody tr", (all) => all.map((row) => [row.dataset.part, Number(row.dataset.kib)]));
    for (const [part, kib] of parts) same(kib, status.host.parts[part], `${part} and ballast status --json`);
    same(await numbers(page, "#host-sum", "total"), [status.host.total_kib], "the total");
    holds((await page.textContent(".where")).includes(`policy ${status.status.policy}`), "the policy");
    const rest = Object.entries(status.host.parts).filter(([part]) => !parts.some(([shown_part]) => shown_part === part));
    same(rest.filter(([, kib]) => kib !== 0), [], "parts that are not shown");
    await close(page);
    await world.end();
  },

  async "a start is seen from request to grant, and a stuck guest is marked"() {
    const world = await new World("office.scn").start();
    const page = await open(world);
    const steps = await page.evaluateHandle(() => {
      const seen = [];
      const look = () => {
        const state = document.querySelector(".reservation[data-id]")?.dataset.state;
        if (state && seen.at(-1) !== state) seen.push(state);
      };
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-state"] });
      return seen;
    });
    const { id } = await world.call("reserve", { min_kib: 11 << 20, label: "analytics" });
    await page.waitForSelector(`.reservation[data-id="${id}"][data-state="reclaiming"]`);
    await page.waitForSelector('.reservation [role="progressbar"]');
    await page.waitForSelector(".arrow.shrinks");
    holds((await page.textContent(".tile.warn")).includes("starts waiting"), "no tile says that a start waits");
    // The one that does not give is found out while the others do.
    await page.waitForSelector('button.guest[data-balloon-status="stuck"] .badge.bad');
    holds((await page.getAttribute('button.guest[data-balloon-status="stuck"]', "aria-label")).includes("stuck"), "it is not said to be stuck");
    same(await page.$$eval('button.guest[data-balloon-status="stuck"] .name', (all) => all.map((one) => one.textContent)), ["stone"], "who is stuck");
    await page.click('button.guest[data-balloon-status="stuck"]');
    await page.waitForSelector('.guest-panel .badge.bad >> text="stuck"');
    await page.hover('[data-span="footprint"]');
    await page.waitForSelector('[data-span="footprint"].lit');
    holds((await page.textContent(".readout")).includes("everything but the balloon"), "the span is not explained");
    await shot(page, "freeing-light");
    const session = await page.context().newCDPSession(page);
    for (const type of ["achromatopsia", "deuteranopia", "none"]) {
      await session.send("Emulation.setEmulatedVisionDeficiency", { type });
      if (type !== "none") await shot(page, `freeing-${type}`);
    }
    if (process.env.README_IMAGE) await page.screenshot({ path: process.env.README_IMAGE, clip: { x: 0, y: 0, ...WIDE } });
    await page.emulateMedia({ colorScheme: "dark" });
    await shot(page, "freeing-dark");
    await axe(page, "a start waits, dark");
    await page.emulateMedia({ colorScheme: "light" });
    await axe(page, "a start waits, light");
    await page.waitForSelector(`.reservation[data-id="${id}"][data-state="granted"]`);
    await world.call("sim-start", { name: "analytics", need_kib: 11 << 20, overhead_kib: 24 << 10, reservation: id });
    await page.waitForSelector('button.guest .name >> text="analytics"');
    await page.click("details summary >> text=closed");
    await page.waitForSelector(`.reservation[data-id="${id}"][data-state="used"]`);
    const seen = await steps.jsonValue();
    const order = ["requested", "reclaiming", "granted", "bound", "used"].filter((state) => seen.includes(state));
    same(seen.filter((state) => order.includes(state)), order, "the states in their order");
    holds(seen.includes("reclaiming") && seen.includes("granted"), `only ${seen} were seen`);
    holds((await page.textContent(".panel.events")).includes("missing to start analytics"), "the log does not tell of it");
    await shot(page, "granted-light");
    await close(page);
    await world.end();
  },

  async "axe finds no violation, in light and dark, on a desk, a tablet and a phone"() {
    const world = await new World("office.scn").start();
    for (const [name, viewport] of Object.entries({ desk: WIDE, tablet: TABLET, phone: PHONE }))
      for (const colorScheme of ["light", "dark"]) {
        const page = await open(world, { viewport, colorScheme, hasTouch: name === "phone" });
        await axe(page, `${name}, ${colorScheme}`);
        await fits(page, `${name}, ${colorScheme}`);
        await sleep(1500); // a few points for the picture's time series
        await shot(page, `${name}-${colorScheme}`);
        await page.check("text=as a table");
        await page.click("summary >> text=The same as a table");
        await axe(page, `${name}, ${colorScheme}, tables`);
        await fits(page, `${name}, ${colorScheme}, tables`);
        await close(page);
      }
    await world.end();
  },

  async "everything is reached with the keyboard alone"() {
    const world = await new World("office.scn").start();
    const page = await open(world);
    const focused = () => page.evaluate(() => { const e = document.activeElement; return { tag: e.tagName, text: e.getAttribute("aria-label") ?? e.textContent.trim(), domid: e.dataset.domid, segment: e.dataset.segment, span: e.dataset.span, role: e.getAttribute("role") }; });
    await page.keyboard.press("Tab");
    same((await focused()).text, "Skip to the guests", "the first stop");
    await page.keyboard.press("/");
    await page.keyboard.type("stone");
    await until(async () => (await page.$$("button.guest")).length === 1, "the search finds one");
    await page.keyboard.press("Control+A");
    await page.keyboard.press("Delete");
    await until(async () => (await page.$$("button.guest")).length > 5, "all are back");
    const press = async (key, wanted, what) => {
      for (let i = 0; i < 40; i++) {
        await page.keyboard.press(key);
        if (wanted(await focused())) return;
      }
      throw new Error(`${what} is not reached with ${key}`);
    };
    await press("Tab", (e) => e.domid !== undefined, "a guest");
    const first = await focused();
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    same((await focused()).domid, "1", "the arrow goes to the next");
    await page.waitForSelector('.guest-panel[data-domid="1"]');
    await page.keyboard.press("End");
    same((await focused()).domid, "12", "End goes to the last");
    holds(first.domid !== "12", "nothing moved");
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    await press("Tab", (e) => e.segment !== undefined, "the diagram");
    const visited = new Set();
    for (let i = 0; i < 14; i++) {
      const at = await focused();
      visited.add(at.segment ?? at.span);
      await page.waitForSelector(`.${at.segment ? "segment" : "bracket"}.lit`);
      await page.keyboard.press("ArrowDown");
    }
    for (const one of ["shadow", "extra_external", "extra_internal", "video", "guest", "balloon", "overhead", "static_maximum", "build_start", "build_maximum", "actual_target", "xen_maximum", "footprint"])
      holds(visited.has(one), `${one} is not reached with the arrows`);
    await press("Tab", (e) => e.role === "slider", "the time series");
    const before = await page.evaluate(() => document.activeElement.getAttribute("aria-valuenow"));
    await until(() => page.evaluate(() => Number(document.activeElement.getAttribute("aria-valuemax")) > 2), "a few points in time");
    await page.keyboard.press("Home");
    same(await page.evaluate(() => document.activeElement.getAttribute("aria-valuenow")), "0", "Home goes to the beginning");
    await page.keyboard.press("ArrowRight");
    // The daemon's history may come between the two keys, with more points before this one.
    holds(Number(await page.evaluate(() => document.activeElement.getAttribute("aria-valuenow"))) >= 1, "the arrow goes on in time");
    holds(before !== null && /current/.test(await page.evaluate(() => document.activeElement.getAttribute("aria-valuetext"))), "the slider does not say what is there");
    await press("Shift+Tab", (e) => e.tag === "INPUT" && e.text === "", "back to the tools");
    await close(page);
    await world.end();
  },

  async "the daemon goes and comes back, and the page says so"() {
    const world = await new World("quiet.scn").start();
    const page = await open(world);
    await world.stopDaemon();
    await page.waitForSelector('main.stale[data-link="away"]');
    holds((await page.textContent(".alerts")).includes("The daemon is away"), "it does not say so");
    same(await numbers(page, "#host-sum", "total"), [32 << 20], "what was known last");
    await axe(page, "the daemon is away");
    await shot(page, "away");
    world.startDaemon();
    await world.connect();
    await page.waitForSelector('main[data-link="live"]');
    same(await page.textContent(".alerts"), "", "alerts");
    // What the page asked for in the moment before it knew was refused, which a browser logs by itself.
    page.complaints = page.complaints.filter((text) => !/status of 503/.test(text));
    await close(page);
    await world.end();
  },

  async "256 domains are found, sorted and drawn"() {
    const world = await new World("crowd.scn").start();
    const page = await open(world);
    await until(async () => (await page.$$("button.guest")).length === 256, "all are there");
    await page.fill('input[type="search"]', "vm77");
    await until(async () => (await page.$$("button.guest")).length === 1, "the search");
    await page.fill('input[type="search"]', "");
    await page.selectOption(".tools select", "name");
    const names = await page.$$eval("button.guest .name", (all) => all.slice(0, 4).map((one) => one.textContent));
    same(names, ["dom0", "vm1", "vm2", "vm3"], "by name");
    await page.selectOption(".tools select", "takes");
    const sizes = await numbers(page, "button.guest", "current");
    holds(sizes[0] >= sizes[1], "by size");
    const work = await page.evaluate(async () => {
      const seq = () => document.querySelector("main").dataset.seq;
      const begin = seq();
      let longest = 0;
      const watch = new PerformanceObserver((list) => list.getEntries().forEach((entry) => (longest = Math.max(longest, entry.duration))));
      watch.observe({ entryTypes: ["longtask"] });
      for (let states = 0, last = begin; states < 5; ) {
        await new Promise((done) => setTimeout(done, 50));
        if (seq() !== last) (last = seq()), states++;
      }
      return longest;
    });
    console.log(`# the longest task of five states of 256 domains: ${Math.round(work)} ms`);
    await axe(page, "256 domains");
    await fits(page, "256 domains");
    await shot(page, "crowd");
    await close(page);
    await world.end();
  },

  async "the host's past is there when the page is opened, and sums at each point"() {
    // A minute of the daemon's is a second here.
    const world = await new World("office.scn", 60).start();
    await world.call("reserve", { min_kib: 11 << 20, label: "analytics" });
    const points = async () => (await world.call("history", { since_usec: 3600e6 })).time_usec.length;
    await until(async () => (await points()) > 20, "the daemon remembers some minutes");
    const { now_usec: opened, total_kib: total } = await world.call("host");
    const [began] = (await world.call("history", { since_usec: 3600e6 })).time_usec;
    holds(opened - began > 240e6, "it has not seen enough");
    const page = await open(world);
    const host = '.rest [role="slider"]';
    const value = (name) => page.getAttribute(host, name).then(Number);
    const begins = (slider, what) => until(async () => Number(await page.getAttribute(slider, "data-from")) * 1e6 <= began + 60e6, what);
    await begins(host, "the past is drawn at once");
    holds((await value("aria-valuemax")) >= 20, "it has too few points");
    await page.reload();
    await page.waitForSelector('main[data-link="live"]');
    await begins(host, "and after a reload");
    await page.focus(host);
    await page.keyboard.press("Home");
    const sums = new Set();
    for (let i = 0; i < 60; i++) {
      const [at, sum, most] = [await value("aria-valuenow"), await value("data-sum"), await value("aria-valuemax")];
      // A hole, where the daemon was away, has no sum; here there is none.
      sums.add(sum);
      if (at === most) break;
      await page.keyboard.press("ArrowRight");
    }
    same([...sums], [total], "what the parts of each point sum to");
    holds(/guests .*iB/.test(await page.getAttribute(host, "aria-valuetext")), "the slider does not say what is there");
    holds((await value("aria-valuenow")) > 0, "the arrows do not move");
    for (const choice of ["day", "week", "opened", "hour"]) await page.selectOption(".rest .range-picker select", choice);
    await begins(host, "the hour, chosen again");
    await begins(".guest-panel [role=slider]", "the guest's past is drawn");
    await axe(page, "the past");
    await shot(page, "past");
    await page.emulateMedia({ colorScheme: "dark" });
    await axe(page, "the past, dark");
    await shot(page, "past-dark");
    await page.setViewportSize(PHONE);
    await fits(page, "the past on a phone");
    await shot(page, "past-phone");
    await close(page);
    await world.end();
  },

  async "why is shown in the guest's detail and in the log, as it happens"() {
    const world = await new World("office.scn", 5).start();
    const page = await open(world);
    await page.click('button.guest .name >> text="cache"');
    await page.waitForSelector(".event-list");
    await world.call("reserve", { min_kib: 11 << 20, label: "analytics" });
    // Nothing is reloaded: it comes with the events.
    await page.waitForSelector(".event-list li >> text=/target lowered/");
    await page.waitForSelector(".log .sentence >> text=/analytics/");
    const shown = async () => {
      const [shown, { events }] = [await page.$$eval(".log tbody tr", (all) => all.map((row) => [Number(row.dataset.number), ...[...row.children].slice(1, 6).map((cell) => cell.textContent)])), await world.call("events", { most: 64 })];
      const of = new Map(events.map((event) => [event.number, event]));
      const row = shown.find(([number, , about]) => about === "cache" && of.get(number)?.what === "target");
      return row && { row, event: of.get(row[0]) };
    };
    const { row, event } = await until(shown, "the log has a target of cache");
    same([row[1], row[2], row[5]], [event.who, "cache", event.reason.replaceAll("-", " ")], "who, about whom, and the reason");
    holds(/iB$/.test(row[3]) && /iB$/.test(row[4]), `from ${row[3]} to ${row[4]}`);
    const terms = await page.textContent(`.event-list li[data-number="${event.number}"] .terms`);
    holds(terms.includes(event.who) && terms.includes("→") && terms.includes(event.reason.replaceAll("-", " ")), `the detail says only ${terms}`);
    // Those before the last ones are asked for, by the keyboard alone.
    for (let shares = 100; shares < 200; shares++) await world.call("set-shares", { domain: "dns", shares });
    await until(async () => (await page.$$eval(".log .about", (all) => all.filter((one) => one.textContent === "dns").length)) > 40, "what was set is in the log");
    const rows = () => page.$$eval(".log tbody tr", (all) => all.map((one) => Number(one.dataset.number)));
    const before = await rows();
    const focus = () => page.evaluate(() => [document.activeElement.getAttribute("aria-label") ?? "", document.activeElement.className]);
    const stops = [];
    await page.focus("button.guest[aria-pressed=true]");
    for (let i = 0; i < 60 && !stops.some(([, name]) => name === "earlier"); i++) {
      await page.keyboard.press("Tab");
      stops.push(await focus());
    }
    for (const wanted of ["What was decided about cache", "Events"]) holds(stops.some(([label]) => label.startsWith(wanted)), `${wanted}: the keyboard does not get there`);
    await page.keyboard.press("Enter");
    await until(async () => (await rows()).length > before.length + 20, "earlier ones are there");
    const after = await rows();
    same(after, [...new Set(after)].sort((a, b) => b - a), "the newest first, each once");
    await page.check("text=only cache");
    same(await page.$$eval(".log .about", (all) => [...new Set(all.map((one) => one.textContent))]), ["cache"], "only the chosen one");
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await axe(page, `why, ${colorScheme}`);
      await shot(page, `why-${colorScheme}`);
    }
    await page.setViewportSize(PHONE);
    await page.uncheck("text=only cache");
    await fits(page, "why on a phone");
    holds((await page.textContent(".log .sentence .terms")).length > 0 && (await page.isVisible(".log .sentence .terms")), "who, from, to and why are lost on a phone");
    await axe(page, "why, phone");
    await shot(page, "why-phone");
    await close(page);
    await world.end();
  },

  async "without motion, and with a page opened before the daemon is there"() {
    const world = await new World("quiet.scn").start();
    await world.stopDaemon();
    const context = await browser.newContext({ viewport: PHONE, reducedMotion: "reduce" });
    const page = await context.newPage();
    page.setDefaultTimeout(600000);
    await page.goto(world.url);
    await page.waitForSelector('main[data-link="away"]');
    world.startDaemon();
    await world.connect();
    await page.waitForSelector('main[data-link="live"]');
    const moving = await page.evaluate(() => [...document.querySelectorAll("*")].filter((e) => getComputedStyle(e).transitionDuration !== "0s").length);
    same(moving, 0, "elements with a transition");
    await context.close();
    await world.end();
  },
};

const chosen = Object.entries(tests).filter(([name]) => process.argv.length < 3 || process.argv.slice(2).some((part) => name.includes(part)));
console.log(`1..${chosen.length}`);
let number = 0;
let failed = 0;
for (const [name, test] of chosen) {
  number++;
  const begin = Date.now();
  try {
    const skipped = await test();
    const took = `${((Date.now() - begin) / 1000).toFixed(1)} s`;
    console.log(`ok ${number} - ${name} # ${skipped ?? took}`);
  } catch (error) {
    failed++;
    console.log(`not ok ${number} - ${name}`);
    console.log(String(error.stack).replace(/^/gm, "# "));
    for (const context of browser.contexts())
      for (const page of context.pages()) await page.screenshot({ path: join(SHOTS, `failed-${number}.png`), fullPage: true }).catch(() => {});
  }
}
await browser.close();
console.log(`# screenshots: ${SHOTS}`);
process.exit(failed ? 1 : 0);
