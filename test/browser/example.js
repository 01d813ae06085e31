// Goes through the story of examples/fleet with the program, and makes the pages that a reader of its README gets.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

// fleetPages writes example-plan.html and example-drift.html of the 30 tenants into a folder.
export async function fleetPages(repository, folder) {
  const project = join(folder, "fleet-project"), program = join(folder, "qlsync");
  cpSync(join(repository, "examples", "fleet"), project, { recursive: true });
  execFileSync(process.env.GO ?? "go", ["build", "-o", program, "./cmd/qlsync"], { cwd: repository, stdio: "inherit" });
  const tenants = spawn(program, ["simulate", "--tenant", "fleet.yaml", "--ca", "ca.pem"], { cwd: project, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const env = { ...process.env, XDG_CACHE_HOME: join(folder, "cache"), ...await settings(tenants.stdout) };
    const run = (code, ...args) => {
      const { status, stdout, stderr } = spawnSync(program, args, { cwd: project, env, encoding: "utf8" });
      assert.equal(status, code, `qlsync ${args.join(" ")}\n${stdout}${stderr}`);
    };
    run(0, "fleet", "refresh");
    run(4, "plan", "--all-tenants", "--report", `html=${join(folder, "example-plan.html")}`);
    run(3, "apply", "--all-tenants", "--auto-approve", "--report", "json=result.json");
    run(4, "apply", "--resume", "result.json", "--auto-approve");
    for (const shard of [0, 1]) {
      const { stdout } = spawnSync(program, ["drift", "--all-tenants", "--shard", `${shard}/2`, "--report", `jsonl=part${shard}.jsonl`], { cwd: project, env, encoding: "utf8" });
      assert.match(stdout, /Tenants: /);
    }
    run(4, "merge", "part0.jsonl", "part1.jsonl", "--report", `html=${join(folder, "example-drift.html")}`);
  } finally {
    tenants.kill("SIGINT");
    await once(tenants, "exit");
  }
}

// settings returns the environment that the embedded tenants print.
async function settings(output) {
  const env = {};
  for await (const line of createInterface({ input: output })) {
    const [, name, value] = /^export (\w+)=(.*)$/.exec(line) ?? [];
    if (name) env[name] = value;
    if (name === "SSL_CERT_FILE") return env;
  }
  assert.fail("qlsync simulate printed no settings");
}
