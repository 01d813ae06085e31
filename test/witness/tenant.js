// An embedded tenant as a process of its own, and the record of what is said to it.

import { spawn, execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const go = process.env.GO ?? "go";
const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "qlsync-witness-"));
process.on("exit", () => rmSync(folder, { recursive: true }));

/** Builds qlsync and serves a tenant. `stop` ends it and gives what it said on standard error. */
export async function startTenant(seed) {
  const program = join(folder, "qlsync");
  execFileSync(go, ["build", "-o", program, "./cmd/qlsync"], { cwd: root, stdio: "inherit" });
  const server = spawn(program, ["simulate", "--tenant", seed], { stdio: ["ignore", "pipe", "pipe"] });
  process.on("exit", () => server.kill());
  let complaints = "";
  server.stderr.on("data", (text) => (complaints += text));
  const said = {};
  for await (const line of createInterface({ input: server.stdout })) {
    const [key, value] = line.split(": ");
    said[key] = value;
    if (said.url && said.token) break;
  }
  if (!said.token) throw new Error(`qlsync simulate: ${complaints}`);
  const stop = async () => {
    server.kill("SIGINT");
    await once(server, "close");
    return complaints;
  };
  return { url: said.url, token: said.token, stop };
}

/** Notes every exchange of this process from now on. Redirects are followed before. */
export function recordFetch() {
  const exchanges = [];
  const { fetch } = globalThis;
  globalThis.fetch = async (url, options = {}) => {
    const response = await fetch(url, options);
    exchanges.push({
      method: options.method?.toUpperCase() ?? "GET",
      url: String(url),
      body: options.body,
      status: response.status,
      answer: await response.clone().text(),
    });
    return response;
  };
  return exchanges;
}

// The stories, also against a tenant that wants the tutorials' spelling of the data source, and the documents' examples.
const stories = "^TestStories$|^TestStoriesUnderEverySwitch$/dataSourceId|^TestEveryExampleInTheDocumentsRuns$";

// Stories of the other provider are among them; its API is no matter of this witness.
const isOfApinizer = ({ url }) => new URL(url).pathname.startsWith("/apiops/");

// The package has no types of an organization's console.
const isOfConsole = ({ url }) => new URL(url).pathname.startsWith("/api/core/tenants");

/** Runs the stories and gives the requests that qlsync sent to tenants of Qlik Cloud. */
export function recordStories() {
  const file = join(folder, "requests.jsonl");
  execFileSync(go, ["test", "-count=1", "-run", stories, "./cmd/qlsync"], {
    cwd: root,
    env: { ...process.env, QLSYNC_RECORD: file },
    stdio: ["ignore", process.stderr, "inherit"],
  });
  const requests = readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line));
  return requests.filter((request) => !isOfApinizer(request) && !isOfConsole(request));
}
