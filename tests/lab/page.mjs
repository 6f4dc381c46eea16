// SPDX-License-Identifier: LGPL-2.1-or-later
// page.mjs URL LISTED STATUS: the page and the metrics of a ballast-web in dom0, compared with `ballast list
// --json` and `ballast status --json` there while nothing moved. Prints TAP.

import { readFileSync } from "node:fs";
import { axe, browser, close, holds, numbers, open, same, shot, sum } from "./browser.mjs";

const [url, listedFile, statusFile] = process.argv.slice(2);
const lines = (file) => readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line));
const listed = lines(listedFile);
const [status] = lines(statusFile);
const kib = (text) => (text === "–" ? null : Number(text.replace(/[^0-9]/g, "")));
const figures = ({ name, type, current_kib, target_kib, xen_maximum_kib }) => ({ name, type, current_kib, target_kib, xen_maximum_kib });

const tests = {
  async "the column sums to what Xen has"() {
    const page = await open({ url });
    const total = status.host.total_kib;
    same(await numbers(page, "#host-sum", "total"), [total], "the total");
    same(sum(await numbers(page, ".host-column [data-part]", "kib")), total, "the drawn column");
    same(sum(await numbers(page, "#host-parts tbody tr", "kib")), total, "the table");
    await close(page);
  },

  async "each domain has the figures of ballast list"() {
    const page = await open({ url });
    await page.check("text=as a table");
    await page.selectOption(".unit select", "KiB");
    const rows = await page.$$eval("#domains tbody tr", (all) => all.map((row) => [...row.children].map((cell) => cell.textContent.trim())));
    const shown = rows.map((cells) => figures({ name: cells[0], type: cells[1] === "–" ? null : cells[1], current_kib: kib(cells[3]), target_kib: kib(cells[4]), xen_maximum_kib: kib(cells[8]) }));
    same(shown, listed.map(figures), "the table");
    await close(page);
  },

  async "the diagram of each guest is whole"() {
    const page = await open({ url });
    for (const { name } of listed.filter(({ domid }) => domid > 0)) {
      await page.click(`button.guest >> text="${name}"`);
      await page.waitForSelector(`.guest-panel h2 >> text="${name}"`);
      const [segments, footprint] = await page.evaluate(() => [
        [...document.querySelectorAll("[data-segment]")].filter((one) => one.dataset.segment !== "balloon").map((one) => Number(one.dataset.kib)),
        Number(document.querySelector('[data-span="footprint"]').dataset.kib),
      ]);
      same(sum(segments), footprint, `the footprint of ${name}`);
      holds(footprint > 0, `${name} has none`);
    }
    await axe(page, "a real host");
    await shot(page, "xen");
    await close(page);
  },

  async "the metrics sum to it"() {
    const text = await (await fetch(`${url}/metrics`)).text();
    const value = (line) => Number(line.slice(line.lastIndexOf(" ")));
    const of = (start) => text.split("\n").filter((line) => line.startsWith(start)).map(value);
    same(of("ballast_host_memory_total_bytes "), [status.host.total_kib * 1024], "the total");
    same(sum(of("ballast_host_memory_bytes{")), status.host.total_kib * 1024, "the components");
    same(of("ballast_domain_target_bytes{").length, listed.filter(({ target_kib }) => target_kib !== null).length, "the targets");
  },
};

console.log(`1..${Object.keys(tests).length}`);
let number = 0;
for (const [name, test] of Object.entries(tests)) {
  number++;
  try {
    await test();
    console.log(`ok ${number} - ${name}`);
  } catch (error) {
    process.exitCode = 1;
    console.log(`not ok ${number} - ${name}`);
    console.log(String(error.stack).replace(/^/gm, "# "));
  }
}
await browser.close();
