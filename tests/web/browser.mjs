// SPDX-License-Identifier: LGPL-2.1-or-later
// Chromium, and looks at the page in it.

import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const SHOTS = process.env.SCREENSHOTS ?? "screenshots";
export const WIDE = { width: 1600, height: 1000 };
export const TABLET = { width: 1024, height: 1100 };
export const PHONE = { width: 360, height: 740 };

mkdirSync(SHOTS, { recursive: true });
for (const name of readdirSync(SHOTS)) if (name.startsWith("failed-")) rmSync(join(SHOTS, name));
export const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });

export function same(got, wanted, what) {
  const [a, b] = [got, wanted].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`${what}: ${a} instead of ${b}`);
}

export function holds(condition, what) {
  if (!condition) throw new Error(what);
}

/** A page whose every complaint is a failure, and which may speak to its own server and nobody else. */
export async function open(world, options = {}) {
  const context = await browser.newContext({ viewport: WIDE, colorScheme: "light", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(600000);
  page.complaints = [];
  page.strangers = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.complaints.push(message.text());
  });
  page.on("pageerror", (error) => page.complaints.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith(world.url)) page.strangers.push(request.url());
  });
  await page.goto(world.url);
  await page.waitForSelector('main[data-seq][data-link="live"]');
  return page;
}

export async function close(page) {
  same(page.complaints, [], "the console");
  same(page.strangers, [], "requests to others");
  await page.context().close();
}

/** Runs in the page's own world, past its content security policy, as axe must. */
export async function axe(page, what) {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const result = await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
    return result.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.failureSummary}`).join(" | ")}`);
  });
  same(found, [], `axe, ${what}`);
}

export const shot = (page, name, fullPage = true) => page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage });

export const numbers = (page, selector, name) => page.$$eval(selector, (all, key) => all.map((one) => Number(one.dataset[key])), name);

export const sum = (values) => values.reduce((total, value) => total + value, 0);

/** The widest thing is the window itself. */
export async function fits(page, what) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  holds(content <= window, `${what}: ${content} pixels wide in a window of ${window}`);
}
