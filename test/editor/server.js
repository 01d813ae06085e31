// A YAML language server as a process of its own, spoken to as an editor does.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(import.meta.url);
const rpc = require("vscode-jsonrpc/node");
const program = require.resolve("yaml-language-server/bin/yaml-language-server");

/** Starts the server for a folder. */
export async function startServer(folder) {
  const child = spawn(process.execPath, [program, "--stdio"], { cwd: folder, stdio: ["pipe", "pipe", "inherit"] });
  const server = rpc.createMessageConnection(new rpc.StreamMessageReader(child.stdout), new rpc.StreamMessageWriter(child.stdin));
  const marks = new Map(); // by address: what waits for the marks of a document
  server.onNotification("textDocument/publishDiagnostics", ({ uri, diagnostics }) => marks.get(uri)?.(diagnostics));
  // What it asks of an editor: its settings, and files.
  const settings = { yaml: { schemaStore: { enable: false }, validate: true, completion: true, hover: true } };
  server.onRequest("workspace/configuration", ({ items }) => items.map(({ section }) => settings[section] ?? {}));
  server.onRequest("client/registerCapability", () => null);
  server.onRequest("window/workDoneProgress/create", () => null);
  server.onRequest("vscode/content", (uri) => readFileSync(new URL(uri), "utf8"));
  server.listen();
  const root = pathToFileURL(folder).href;
  await server.sendRequest("initialize", {
    processId: process.pid,
    rootUri: root,
    workspaceFolders: [{ uri: root, name: "project" }],
    capabilities: {
      textDocument: {
        completion: { completionItem: { snippetSupport: true, documentationFormat: ["markdown", "plaintext"] } },
        hover: { contentFormat: ["markdown", "plaintext"] },
        publishDiagnostics: {},
      },
      workspace: { configuration: true },
    },
  });
  await server.sendNotification("initialized", {});

  /** Opens a file with a text; gives what is marked in it. */
  const open = async (file, text) => {
    const uri = pathToFileURL(file).href;
    const marked = new Promise((resolve) => marks.set(uri, resolve));
    await server.sendNotification("textDocument/didOpen", { textDocument: { uri, languageId: "yaml", version: 1, text } });
    const diagnostics = await marked;
    const ask = (method, line, character) =>
      server.sendRequest(`textDocument/${method}`, { textDocument: { uri }, position: { line, character } });
    const close = () => server.sendNotification("textDocument/didClose", { textDocument: { uri } });
    return { diagnostics, ask, close };
  };
  const stop = async () => {
    await server.sendRequest("shutdown");
    await server.sendNotification("exit");
    server.dispose();
    child.kill();
  };
  return { open, stop };
}
