// What an editor shows and marks in a project of qlsync, by a real language server.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { startServer } from "./server.js";

const go = process.env.GO ?? "go";
const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "qlsync-editor-"));
const qlsync = join(folder, "qlsync");
const project = join(folder, "project");
let server;

before(async () => {
  execFileSync(go, ["build", "-o", qlsync, "./cmd/qlsync"], { cwd: root, stdio: "inherit" });
  mkdirSync(project);
  const run = (...args) => execFileSync(qlsync, args, { cwd: project, stdio: ["ignore", "ignore", "inherit"] });
  run("init");
  run("schemas", "pull", "--all");
  server = await startServer(project);
});

after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true });
});

let opened = 0;

/** Opens a text in which | is the cursor, as the connection file or the project's. */
async function open(text, name = "connections/finance.yaml") {
  // A name of its own, so that nothing late is said about the document before.
  name = join(dirname(name), `${++opened}.yaml`);
  const cursor = text.indexOf("|");
  const lines = text.slice(0, Math.max(0, cursor)).split("\n");
  const document = await server.open(join(project, name), text.replace("|", ""));
  const ask = (method) => document.ask(method, lines.length - 1, lines.at(-1).length);
  return { ...document, ask };
}

const modeline = readFileSync(join(root, "examples/quickstart/connections/finance.yaml"), "utf8").split("\n")[0];
const projectModeline = readFileSync(join(root, "examples/quickstart/qlsync.yaml"), "utf8").split("\n")[0];
const head = `${modeline}\nversion: 1\n`;

/** The texts that are offered at the cursor. */
async function offered(text, name) {
  const document = await open(text, name);
  const answer = await document.ask("completion");
  await document.close();
  return (answer.items ?? answer).map((item) => item.label);
}

/** What is said about the word at the cursor. */
async function said(text, name) {
  const document = await open(text, name);
  const answer = await document.ask("hover");
  await document.close();
  const contents = answer?.contents ?? "";
  return contents.value ?? String(contents);
}

const has = (list, ...wanted) => {
  for (const one of wanted) assert.ok(list.includes(one), `${one} is not among ${list.join(", ")}`);
};

test("what init writes is marked nowhere", async () => {
  for (const name of ["connections/finance.yaml", "qlsync.yaml"]) {
    const document = await open(readFileSync(join(project, name), "utf8").replaceAll("|", ""), name);
    assert.deepEqual(document.diagnostics, [], name);
    await document.close();
  }
});

test("the properties of the chosen data source are offered, and those of no other", async () => {
  const list = await offered(`${head}connections:\n  - name: Ledger\n    dataSource: snowflake\n    properties:\n      |\n`);
  has(list, "server", "warehouse", "database");
  assert.ok(!list.includes("bucketName"), "bucketName is offered for snowflake");
  assert.ok(!list.includes("password"), "password is offered among the properties");
});

test("the credentials are offered where credentials stand", async () => {
  has(await offered(`${head}connections:\n  - name: Ledger\n    dataSource: snowflake\n    credentials:\n      |\n`), "username", "password");
});

test("a data source under defaults counts for connections that name none", async () => {
  const list = await offered(`${head}defaults:\n  dataSource: mssql\nconnections:\n  - name: Ledger\n    properties:\n      |\n`);
  has(list, "host", "QueryTimeout");
  assert.ok(!list.includes("bucketName"));
});

test("data sources and keys of a connection are offered", async () => {
  has(await offered(`${head}connections:\n  - name: Ledger\n    dataSource: |\n`), "snowflake", "rest", "File_AmazonS3ConnectorV2");
  has(await offered(`${head}connections:\n  - name: Ledger\n    |\n`), "dataSource", "properties", "lifecycle");
});

test("the values of an enum are offered", async () => {
  has(await offered(`${head}connections:\n  - name: Lake\n    dataSource: File_AmazonS3ConnectorV2\n    properties:\n      region: |\n`), "eu-west-1", "us-east-1");
});

test("references are offered for a secret", async () => {
  has(await offered(`${head}connections:\n  - name: Ledger\n    dataSource: snowflake\n    credentials:\n      password: |\n`), "{env: NAME}", "{file: PATH}");
});

test("descriptions are shown", async () => {
  const text = await said(`${head}connections:\n  - name: Lake\n    dataSource: File_AmazonS3ConnectorV2\n    properties:\n      buck|etName: b\n`);
  const schema = JSON.parse(readFileSync(join(project, "schemas/File_AmazonS3ConnectorV2.json"), "utf8"));
  const { description } = schema.connectionProperties.properties.bucketName;
  assert.ok(text.replaceAll(/\s+/g, " ").includes(description.slice(0, 30)), `${text}\nis not about\n${description}`);
});

test("the project file has help of its own", async () => {
  has(await offered(`${projectModeline}\nversion: 1\nproject: acme\npolicy:\n  |\n`, "qlsync.yaml"), "prune", "adopt", "maxDeletes");
});

// One mistake each; the line and column from 1 that both must name.
const mistakes = {
  "a misspelt key": ["connections:\n  - name: A\n    propertys: {}\n", "5:5"],
  "a misspelt property": ["connections:\n  - {name: A, space: Finance, dataSource: mssql, properties: {hst: h}}\n", "4:63"],
  "a misspelt property of defaults": ["defaults: {space: Finance, dataSource: mssql}\nconnections:\n  - {name: A, properties: {hst: h}}\n", "5:28"],
  "a value of another type": ["connections:\n  - {name: A, space: Finance, dataSource: mssql, properties: {host: h, QueryTimeout: often}}\n", "4:86"],
  "a value that is in no enum": ["connections:\n  - {name: A, space: Finance, dataSource: File_AmazonS3ConnectorV2, properties: {region: eu-west-9}}\n", "4:90"],
  "a misspelt credential": ["connections:\n  - {name: A, space: Finance, dataSource: snowflake, credentials: {pasword: {env: P}}}\n", "4:68"],
  "a misspelt part of a reference": ["connections:\n  - {name: A, space: Finance, dataSource: snowflake, credentials: {password: {file: P, encodng: base64}}}\n", "4:88"],
  "a list that is a text": ["connections:\n  - {name: A, space: Finance, dataSource: rest, tags: sales}\n", "4:55"],
};

for (const [what, [text, place]] of Object.entries(mistakes)) {
  test(`editor and validate mark the same: ${what}`, async () => {
    const file = "connections/finance.yaml";
    const document = await open(head + text.replaceAll("|", ""), file);
    await document.close();
    const marked = document.diagnostics.map(({ range: { start } }) => `${start.line + 1}:${start.character + 1}`);
    assert.ok(marked.includes(place), `the editor marks ${marked.join(", ") || "nothing"}`);
    const before = readFileSync(join(project, file));
    writeFileSync(join(project, file), head + text);
    const validated = spawnSync(qlsync, ["validate", "--format", "json"], { cwd: project, encoding: "utf8" });
    writeFileSync(join(project, file), before);
    const told = JSON.parse(validated.stdout).problems.map(({ position }) => `${position.line}:${position.column}`);
    assert.ok(told.includes(place), `validate tells of ${told.join(", ") || "nothing"}`);
  });
}

test("mistakes in the project file are marked", async () => {
  const document = await open(`${projectModeline}\nversion: 1\nproject: acme\npolcy: {}\npolicy: {prune: everything}\n`, "qlsync.yaml");
  await document.close();
  const marked = document.diagnostics.map(({ range: { start } }) => `${start.line + 1}:${start.character + 1}`);
  for (const place of ["4:1", "5:17"]) assert.ok(marked.includes(place), `the editor marks ${marked.join(", ") || "nothing"}`);
});

test("what validate takes is not marked", async () => {
  const text =
    `${head}defaults: {space: Finance}\nconnections:\n` +
    '  - {name: A, dataSource: mssql, properties: {host: "db-${var.stage}", QueryTimeout: "30", port: 1433}}\n' +
    '  - {name: B, dataSource: File_AmazonS3ConnectorV2, properties: {region: "${var.region}", storeSseHeader: null}}\n' +
    "  - {name: C, dataSource: mssql, additionalProperties: allow, properties: {host: h, hst: h}}\n" +
    "  - {name: D, dataSource: other, properties: {anything: [1]}}\n" +
    "  - {name: E, dataSource: rest, credentials: {username: u, password: {env: P}, queryHeaders: [{name: X-Api-Key, value: {file: k}}]}}\n";
  const document = await open(text);
  assert.deepEqual(document.diagnostics, []);
  await document.close();
});
