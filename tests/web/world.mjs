// SPDX-License-Identifier: LGPL-2.1-or-later
// A daemon on a simulated host, a ballast-web before it, and a client of the daemon.

import { execFile, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, openSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const { BALLAST, BALLASTD, BALLAST_WEB, SCENARIOS } = process.env;
export const run = promisify(execFile);

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Waits for a state, not for a time. The value that what() came to. */
export async function until(what, why, seconds = 600) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await what();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${why}`);
    await sleep(50);
  }
}

class Client {
  constructor(path) {
    this.id = 0;
    this.waiting = new Map();
    let buffer = "";
    this.socket = createConnection(path);
    this.socket.on("error", () => {}); // "close" follows it
    this.socket.on("close", () => {
      for (const waits of this.waiting.values()) waits.fail(new Error("the connection was closed"));
      this.waiting.clear();
    });
    this.socket.on("data", (data) => {
      buffer += data;
      const lines = buffer.split("\n");
      buffer = lines.pop();
      for (const line of lines) {
        const message = JSON.parse(line);
        const waits = this.waiting.get(message.id);
        if (!waits || message.method) continue;
        this.waiting.delete(message.id);
        if (message.error) waits.fail(new Error(message.error.message));
        else waits.done(message.result);
      }
    });
  }

  call(method, params = {}) {
    const id = ++this.id;
    return new Promise((done, fail) => {
      this.waiting.set(id, { done, fail });
      this.socket.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    });
  }

  close() {
    this.waiting.clear();
    this.socket.destroy();
  }
}

export class World {
  constructor(scenario, speed = 1) {
    this.base = mkdtempSync(join(tmpdir(), "ballast-page."));
    chmodSync(this.base, 0o755);
    this.run = join(this.base, "run");
    this.scenario = join(SCENARIOS, scenario);
    this.speed = speed;
  }

  log(name) {
    return openSync(join(this.base, name), "a");
  }

  startDaemon() {
    const log = this.log("daemon.log");
    this.daemon = spawn(
      BALLASTD,
      ["--host", `sim:${this.scenario}`, "--run-dir", this.run, "--state-dir", join(this.base, "state"), "--config", "/dev/null", "--speed", String(this.speed), "--check-laws"],
      { stdio: ["ignore", log, log] },
    );
  }

  async connect() {
    this.client = await until(async () => {
      const client = new Client(join(this.run, "control.sock"));
      const answer = await client.call("hello", { version: 1, client: "page test" }).catch(() => null);
      if (answer) return client;
      client.close();
      return null;
    }, "the daemon answers");
  }

  async start() {
    this.startDaemon();
    await this.connect();
    const log = this.log("web.log");
    this.web = spawn(BALLAST_WEB, ["--run-dir", this.run, "--listen", "127.0.0.1:0"], { stdio: ["ignore", log, log] });
    this.url = await until(() => {
      const match = /ready: (http:\S+)/.exec(readFileSync(join(this.base, "web.log"), "utf8"));
      return match && match[1];
    }, "ballast-web is ready");
    return this;
  }

  async stopDaemon() {
    this.client?.close();
    const ended = new Promise((done) => this.daemon.once("exit", (status) => done(status)));
    if (this.daemon.exitCode !== null) return this.daemon.exitCode;
    this.daemon.kill("SIGTERM");
    return ended;
  }

  call(method, params) {
    return this.client.call(method, params);
  }

  /** What a command prints as JSON, an object a line. */
  async json(...args) {
    const { stdout } = await run(BALLAST, [...args, "--json"], { env: { ...process.env, BALLAST_RUN_DIR: this.run }, maxBuffer: 1 << 26 });
    return stdout.trim().split("\n").map((line) => JSON.parse(line));
  }

  async end() {
    const status = await this.stopDaemon();
    const gone = new Promise((done) => this.web.once("exit", (code) => done(code)));
    this.web.kill("SIGTERM");
    const web = await gone;
    const logs = ["daemon.log", "web.log"].map((name) => readFileSync(join(this.base, name), "utf8").slice(-2000));
    rmSync(this.base, { recursive: true });
    if (status !== 0 || web !== 0) throw new Error(`ballastd ended with ${status}, ballast-web with ${web}\n${logs.join("\n")}`);
  }
}
