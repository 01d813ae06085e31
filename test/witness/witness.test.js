// The outside witness: see README.md.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import dataConnections from "@qlik/api/data-connections";
import dataCredentials from "@qlik/api/data-credentials";
import dataSources from "@qlik/api/data-sources";
import apps from "@qlik/api/apps";
import dataSets from "@qlik/api/data-sets";
import groups from "@qlik/api/groups";
import items from "@qlik/api/items";
import knowledgebases from "@qlik/api/knowledgebases";
import reloads from "@qlik/api/reloads";
import spaces from "@qlik/api/spaces";
import tenants from "@qlik/api/tenants";
import users from "@qlik/api/users";
import { readContract } from "./contract.js";
import { recordFetch, recordStories, startTenant } from "./tenant.js";

const beside = (name) => fileURLToPath(new URL(name, import.meta.url));
const contract = await readContract();
const tenant = await startTenant(beside("tenant.yaml"));
const exchanges = recordFetch();
let requests = [];
let complaints;
const stop = async () => (complaints ??= await tenant.stop());
after(stop);

// The two callers: Bo by an API key, and the bot of an OAuth client, an administrator. The package would ask a host that it
// does not know whether it is the product for Windows; it may be told, but warns that it was.
const host = { host: tenant.url, forceIsWindows: false };
console.warn = () => {};
const bo = { noCache: true, hostConfig: { ...host, authType: "apikey", apiKey: tenant.token } };
const admin = {
  noCache: true,
  hostConfig: { ...host, authType: "oauth2", clientId: "witness", clientSecret: "witness-secret" },
};

const nowhere = "00000000-0000-4000-8000-000000000000";
const refused = (status, call) => assert.rejects(call, (error) => error.status === status);
const names = (list) => list.map((item) => item.qName ?? item.name);

/** Follows the links of a list to its end, and from there back to its beginning. */
async function pages(first) {
  const forwards = [first];
  while (forwards.at(-1).next) forwards.push(await forwards.at(-1).next());
  const backwards = [forwards.at(-1)];
  while (backwards[0].prev) backwards.unshift(await backwards[0].prev());
  const items = (list) => list.map((page) => page.data.data);
  assert.deepEqual(items(backwards).flat(), items(forwards).flat());
  return items(forwards);
}

async function spaceId(name) {
  const { data } = await spaces.getSpaces({ name }, admin);
  assert.deepEqual(names(data.data), [name]);
  return data.data[0].id;
}

/** Creates a connection from properties and gives its id. */
async function create(qName, more = {}) {
  const body = { qName, datasourceID: "rest", connectionProperties: { url: `https://${qName}.example` }, ...more };
  return (await dataConnections.createDataConnection(body, admin)).data.qID;
}

const get = async (id, caller = admin) =>
  (await dataConnections.getDataConnection(id, { parseConnection: true }, caller)).data;

test("lists connections, page by page", async () => {
  const query = { limit: 2, sort: "+qName", noDatafiles: true, includeDisabled: true };
  const found = await pages(await dataConnections.getDataConnections(query, admin));
  assert.deepEqual(found.map(names), [["Alpha", "Beta"], ["Delta", "Epsilon"], ["Gamma"]]);

  const list = async (query) => names((await dataConnections.getDataConnections(query, admin)).data.data).sort();
  assert.deepEqual(await list({ spaceId: await spaceId("Sales"), noDatafiles: true }), ["Delta", "Gamma"]);
  assert.deepEqual(await list({ filter: 'qName sw "A" or datasourceID eq "mssql"', noDatafiles: true }), ["Alpha", "Beta"]);
  assert.deepEqual(await list({ personal: true, ownedByMe: true, noDatafiles: true }), []);
  const all = await dataConnections.getDataConnections({ includeQris: true, extended: true }, admin);
  assert.ok(names(all.data.data).includes("DataFiles"));
  await refused(400, dataConnections.getDataConnections({ limit: 1, page: "page=bm9uZQ" }, admin));
  await refused(403, dataConnections.getDataConnections({ userId: "somebody" }, bo));
});

test("creates a connection from properties, and reads it", async () => {
  const space = await spaceId("Finance");
  const id = await create("Made", {
    datasourceID: "mssql",
    space,
    tags: ["witness"],
    connectionProperties: { host: "made.example", port: "1433", username: "made", password: "not-a-real-one" },
  });
  const made = await get(id);
  assert.equal(made.connectionProperties.host, "made.example");
  assert.ok(made.tags.includes("witness"));
  assert.ok(made.qCredentialsID);
  assert.doesNotMatch(JSON.stringify(made), /not-a-real-one/);
  const byName = await dataConnections.getDataConnection("Made", { type: "connectionname", spaceId: space }, admin);
  assert.equal(byName.data.qID, id);

  await refused(409, create("Made", { space }));
  await refused(403, create("Nowhere", { space: "nowhere" }));
  await refused(400, create("Bad", { datasourceID: "nothing" }));
  await refused(404, get(nowhere));
  await refused(400, get("no-uuid"));
  await refused(403, dataConnections.deleteDataConnections({ connections: [{ id }] }, bo));
});

test("creates a connection from a statement", async () => {
  const { data } = await dataConnections.createDataConnection({
    qName: "Stated",
    datasourceID: "rest",
    qType: "QvRestConnector.exe",
    qConnectStatement: 'CUSTOM CONNECT TO "provider=QvRestConnector.exe;url=https://stated.example;"',
    qLogOn: "LOG_ON_CURRENT_USER",
    qUsername: "stated",
    qPassword: "encoded",
    qConnectionSecret: "not-a-real-one",
    tags: ["witness"],
  }, admin);
  assert.equal((await get(data.qID)).connectionProperties.url, "https://stated.example");
});

test("begins a sign-in", async () => {
  const { data } = await dataConnections.createDataConnection({
    qName: "Queries",
    datasourceID: "gbq",
    connectionProperties: { OAuthMechanism: "1", Catalog: "acme", authCode: "" },
    authUrlOnly: true,
  }, admin);
  assert.match(data.authUrl, /^http/);
});

test("patches a connection", async () => {
  const id = await create("Patched", { datasourceID: "mssql", connectionProperties: { host: "old.example", port: "1433" } });
  const patch = (operations) => dataConnections.patchDataConnection(id, {}, operations, admin);
  await patch([
    { op: "replace", path: "/qName", value: "Renamed" },
    { op: "replace", path: "/connectionProperties/host", value: "new.example" },
    { op: "add", path: "/connectionProperties/username", value: "patched" },
    { op: "add", path: "/connectionProperties/password", value: "not-a-real-one" },
    { op: "replace", path: "/connectionProperties/port", value: 1434 },
    { op: "add", path: "/tags", value: ["patched"] },
  ]);
  const patched = await get(id);
  assert.equal(patched.qName, "Renamed");
  assert.deepEqual(patched.connectionProperties, { host: "new.example", port: 1434 });
  assert.ok(patched.tags.includes("patched"));

  await create("Taken");
  await refused(409, patch([{ op: "replace", path: "/qName", value: "Taken" }]));
  await refused(400, patch([{ op: "replace", path: "/connectionProperties/host", value: "alone.example" }]));
  await refused(404, dataConnections.patchDataConnection(nowhere, {}, [{ op: "remove", path: "/tags" }], admin));
});

test("puts a connection", async () => {
  const id = await create("Put");
  const { qType, qConnectStatement } = await get(id);
  const put = (more) =>
    dataConnections.updateDataConnection(id, {}, { qID: id, qEngineObjectID: id, qName: "Put again", qType, qConnectStatement, ...more }, admin);
  await put({ qLogOn: "1" });
  assert.equal((await get(id)).qName, "Put again");
  await refused(400, put({ qID: nowhere }));
});

test("reads properties from the statement that it lists", async () => {
  const space = await spaceId("Finance");
  const properties = { host: "stated.example", port: "1433" };
  const id = await create("Derived", { space, datasourceID: "mssql", connectionProperties: { ...properties, password: "not-a-real-one" } });
  const listed = async () => {
    const { data } = await dataConnections.getDataConnections({ spaceId: space, noDatafiles: true }, admin);
    return data.data.find((connection) => connection.qID === id);
  };
  const { qConnectStatement, tags, qType } = await listed();
  assert.match(qConnectStatement, /;host=stated\.example;port=1433;.*;QueryTimeout=30;.*allowNonSelectQueries=false;/);
  assert.doesNotMatch(qConnectStatement, /not-a-real-one/);
  assert.ok(tags.some((tag) => /^DcaasAPI:QvOdbcConnectorPackage\.exe:\d/.test(tag)));
  assert.deepEqual((await get(id)).connectionProperties, properties);

  const put = (statement) =>
    dataConnections.updateDataConnection(id, {}, { qID: id, qEngineObjectID: id, qName: "Derived", qType, qConnectStatement: statement }, admin);
  await put(qConnectStatement);
  assert.deepEqual((await get(id)).connectionProperties, properties);
  await put(qConnectStatement.replace("port=1433", "port=1434"));
  assert.equal((await get(id)).connectionProperties.port, "1434");
  await dataConnections.patchDataConnection(id, {}, [{ op: "replace", path: "/connectionProperties/port", value: "1435" }], admin);
  assert.match((await listed()).qConnectStatement, /;port=1435;/);
});

test("duplicates a connection", async () => {
  const id = await create("Original", { tags: ["witness"] });
  const duplicate = (more) => dataConnections.duplicateDataAConnection({ id, ...more }, admin);
  const { data } = await duplicate({ name: "Copy", spaceId: await spaceId("Sales") });
  assert.equal((await get(data.qID)).qName, "Copy");
  assert.notEqual((await duplicate({ qUsername: "copy", qPassword: "encoded" })).data.qName, "Original");
  await refused(409, duplicate({ name: "Original" }));
  await refused(404, duplicate({ id: nowhere }));
});

test("updates and deletes many connections at once", async () => {
  const [space, owner] = [await spaceId("Operations"), (await users.getMyUser(bo)).data.id];
  const [moved, handed] = [await create("Moved"), await create("Handed")];
  const statuses = ({ status, data }) => [status, ...data.data.map((item) => item.status)];
  assert.deepEqual(statuses(await dataConnections.updateDataConnections({
    connections: [
      { id: moved, name: "Moved", spaceId: space, spaceType: "managed" },
      { id: handed, ownerId: owner, spaceId: "", spaceType: "personal" },
      { id: nowhere, ownerId: owner },
    ],
  }, admin)), [207, 204, 204, 404]);
  assert.equal((await get(moved)).space, space);
  assert.equal((await get(handed, bo)).user, owner);
  await refused(400, dataConnections.updateDataConnections({ connections: [{ id: moved, spaceId: space }] }, admin));
  await refused(403, dataConnections.updateDataConnections({ connections: [{ id: handed, ownerId: owner }] }, bo));

  const gone = { connections: [{ id: moved, name: "Moved" }, { id: handed }, { id: nowhere }] };
  assert.deepEqual(statuses(await dataConnections.deleteDataConnections(gone, admin)), [207, 204, 204, 404]);
  await refused(404, get(moved));
});

test("deletes a connection", async () => {
  const id = await create("Short-lived");
  await dataConnections.deleteDataConnection(id, {}, admin);
  await refused(404, dataConnections.deleteDataConnection(id, {}, admin));
});

test("reads data sources and their specifications", async () => {
  const list = async (query) => (await dataSources.getDataSources(query, admin)).data.dataSources;
  const sources = await list({ detail: true, includeui: true });
  assert.ok(sources.length > 5);
  for (const { dataSourceId } of sources) {
    const { data } = await dataSources.getDataSourceApiSpecs(dataSourceId, admin);
    assert.equal(data.connectionProperties.type, "object", dataSourceId);
  }
  assert.ok((await list({ dataSourceId: "teradata", includeDisabled: true }))[0].disabled);
  await refused(404, dataSources.getDataSourceApiSpecs("teradata", admin));

  const { data } = await dataSources.getDataSourceGateways("DG_mssql", { forceRefresh: true }, admin);
  assert.deepEqual(names(data.gateways), ["Plant"]);
  await refused(404, dataSources.getDataSourceGateways("rest", {}, admin));
});

test("disables a data source", async () => {
  const set = (id, disabled, caller = admin) => dataSources.putDataSourceSettings(id, { disabled }, caller);
  await set("mysql", true);
  assert.equal((await dataSources.getDataSourceSettings("mysql", admin)).data.disabled, true);
  await set("mysql", false);
  await refused(404, set("nothing", true));
  await refused(404, dataSources.getDataSourceSettings("nothing", admin));
});

test("keeps separated credentials", async () => {
  const separated = { separateCredentials: "true", credentialsName: "Keys", username: "u", password: "not-a-real-one" };
  const connection = await create("Separated", { datasourceID: "mssql", connectionProperties: { host: "x.example", ...separated } });
  const byName = { byCredentialName: true };
  const { data } = await dataCredentials.getDataCredential("Keys", byName, admin);
  assert.equal(data.qConnCount, 1);
  await dataCredentials.patchDataCredential(data.qID, {}, [{ op: "replace", path: "/qName", value: "New keys" }], admin);
  const put = { qName: "Newest keys", qType: data.qType, qUsername: "u", qPassword: "encoded", datasourceID: "mssql" };
  await dataCredentials.updateDataCredential("New keys", byName, put, admin);
  await refused(400, dataCredentials.updateDataCredential(data.qID, {}, { ...put, qType: "another" }, admin));

  await dataConnections.deleteDataConnection(connection, {}, admin);
  const orphans = await dataCredentials.filterOrphanedDataCredentials({ datasourceID: "mssql", qSeparated: 1 }, admin);
  assert.deepEqual(names(orphans.data.data), ["Newest keys"]);
  await dataCredentials.deleteDataCredential(data.qID, {}, admin);
  await refused(404, dataCredentials.getDataCredential(data.qID, {}, admin));
  await refused(400, dataCredentials.getDataCredential("no-uuid", {}, admin));
});

test("reads spaces", async () => {
  const found = await pages(await spaces.getSpaces({ limit: 3, sort: "+name" }, admin));
  assert.deepEqual(found.map(names), [["Finance", "Operations", "Pipelines"], ["Sales"]]);
  const more = { action: "publish", environmentId: "", "environment.name": "" };
  assert.ok((await spaces.getSpaces(more, admin)).data.data.length > 0);
  assert.deepEqual((await spaces.getSpaces({ roles: ["publisher", "facilitator"] }, admin)).data.data, []);
  const managed = await spaces.getSpaces({ type: "managed,data" }, admin);
  assert.deepEqual(names(managed.data.data), ["Operations", "Pipelines"]);
  const id = await spaceId("Finance");
  assert.equal((await spaces.getSpace(id, admin)).data.type, "shared");
  await refused(404, spaces.getSpace("nowhere", admin));
  await refused(400, spaces.getSpaces({ sort: "+colour" }, admin));
});

test("creates and changes a space, and never its type", async () => {
  const { data } = await spaces.createSpace({ name: "Made", type: "shared", description: "by the witness" }, admin);
  await refused(409, spaces.createSpace({ name: "Made", type: "data" }, admin));
  await refused(403, spaces.createSpace({ name: "Another", type: "shared" }, bo));
  const patched = await spaces.patchSpace(data.id, [{ op: "replace", path: "/description", value: "again" }], admin);
  assert.equal(patched.data.description, "again");
  await refused(404, spaces.patchSpace("nowhere", [], admin));
  assert.deepEqual([...(await spaces.getSpaceTypes(admin)).data.data].sort(), ["data", "managed", "shared"]);
});

test("adds members to a space, changes and removes them", async () => {
  const space = await spaceId("Sales");
  const { data: found } = await groups.getGroups({ filter: 'name eq "Analysts"' }, admin);
  const body = { type: "group", assigneeId: found.data[0].id, roles: ["consumer"] };
  const { data: made } = await spaces.createSpaceAssignment(space, body, admin);
  await refused(409, spaces.createSpaceAssignment(space, body, admin));
  const listed = await spaces.getSpaceAssignments(space, {}, admin);
  assert.deepEqual(listed.data.data.map((a) => a.assigneeId), [body.assigneeId]);
  await spaces.updateSpaceAssignment(space, made.id, { roles: ["facilitator", "producer"] }, admin);
  const { data: changed } = await spaces.getSpaceAssignment(space, made.id, admin);
  assert.deepEqual([...changed.roles].sort(), ["facilitator", "producer"]);
  await spaces.deleteSpaceAssignment(space, made.id, admin);
  await refused(404, spaces.getSpaceAssignment(space, made.id, admin));
});

test("reads groups", async () => {
  const found = await pages(await groups.getGroups({ limit: 1, sort: "+name", totalResults: true }, admin));
  assert.deepEqual(found.map(names), [["Analysts"], ["Operators"]]);
  const { data } = await groups.getGroups({ filter: 'name eq "Operators"' }, admin);
  assert.equal((await groups.getGroup(data.data[0].id, admin)).data.name, "Operators");
  await refused(404, groups.getGroup("nobody", admin));
});

test("reads the tenant itself", async () => {
  const { data } = await tenants.getMyTenant(admin);
  assert.equal(data.status, "active");
  assert.equal(data.id, (await users.getMyUser(bo)).data.tenantId);
});

test("reads users", async () => {
  const me = (await users.getMyUser(bo)).data;
  assert.equal(me.email, "bo@example.com");
  assert.deepEqual((await users.getUser(me.id, {}, admin)).data, me);
  const found = await pages(await users.getUsers({ limit: 2, totalResults: true }, admin));
  assert.ok(found.length > 1);
  const ana = { filter: 'email eq "ana@example.com" and (status eq "active")' };
  assert.deepEqual(names((await users.getUsers(ana, admin)).data.data), ["Ana"]);
  assert.deepEqual(names((await users.filterUsers({}, ana, admin)).data.data), ["Ana"]);
  assert.deepEqual((await users.getUser(me.id, { fields: "id,name" }, admin)).data, { id: me.id, name: me.name });
  await refused(404, users.getUser("nobody", {}, admin));
  await refused(400, users.getUsers({ filter: "nonsense" }, admin));
});

/** Gives the item of that type and name. */
async function item(resourceType, name) {
  const { data } = await items.getItems({ resourceType, name, noActions: false, limit: 100 }, admin);
  assert.deepEqual(names(data.data), [name]);
  return data.data[0];
}

test("lists apps, knowledge bases and data sets", async () => {
  const found = await pages(await items.getItems({ resourceType: "app,knowledgebase,dataset", limit: 2, sort: "+name" }, admin));
  assert.deepEqual(found.map(names), [["Board", "Closed"], ["File", "Papers"], ["Table"]]);
  const board = await item("app", "Board");
  assert.equal(board.itemViews.unique, 7);
  assert.ok(board.resourceReloadEndTime);
  const personal = await items.getItems({ resourceType: "app", spaceId: "personal" }, bo);
  assert.deepEqual(names(personal.data.data), ["Mine"]);
  assert.equal(personal.data.data[0].resourceAttributes.usage, "DIRECT_QUERY_MODE");
  await refused(400, items.getItems({ resourceId: board.resourceId }, admin));
});

test("reads which connections the reloads of an app used", async () => {
  const { resourceId } = await item("app", "Board");
  const { data } = await apps.getAppReloadMetadata(resourceId, "", { includeSkipStoreReloads: true, limit: "100" }, admin);
  assert.deepEqual(data.data.map((reload) => reload.success), [false, true, true, true]);
  assert.deepEqual(data.data[1].statements.map((s) => [s.type, s.connection]), [["Load", "Alpha"], ["Store", "Gamma"]]);
  assert.ok(data.data[1].statements[0].connectionId);
  const one = await apps.getAppReloadMetadata(resourceId, data.data[2].reloadId, {}, admin);
  assert.deepEqual(one.data.data.map((reload) => reload.reloadId), [data.data[2].reloadId]);
  await refused(403, apps.getAppReloadMetadata((await item("app", "Closed")).resourceId, "", {}, bo));
  await refused(404, apps.getAppReloadMetadata(nowhere, "", {}, admin));
});

test("reloads an app", async () => {
  const { resourceId: appId } = await item("app", "Board");
  const { data: queued } = await reloads.queueReload({ appId, partial: false }, admin);
  assert.equal((await reloads.getReload(queued.id, admin)).data.status, "SUCCEEDED");
  const failed = await reloads.getReloads({ appId, filter: 'status eq "FAILED"', sort: "-endTime", limit: 10 }, admin);
  assert.equal(failed.data.data.length, 1);
  assert.ok(failed.data.data[0].errorCode);
  await refused(404, reloads.getReload("nothing", admin));
  await refused(403, reloads.queueReload({ appId: nowhere }, admin));
});

test("reads the connections of knowledge bases and data sets", async () => {
  const papers = await knowledgebases.getKnowledgebase((await item("knowledgebase", "Papers")).resourceId, admin);
  assert.equal(names([await get(papers.data.datasources[0].fileConfig.connectionId)])[0], "Alpha");
  const table = await dataSets.getDataSet((await item("dataset", "Table")).resourceId, {}, admin);
  assert.equal(names([await get(table.data.createdByConnectionId)])[0], "Beta");
  await refused(404, knowledgebases.getKnowledgebase("nothing", admin));
  await refused(404, dataSets.getDataSet("nothing", {}, admin));
});

test("refuses a stranger", async () => {
  const stranger = { noCache: true, hostConfig: { ...bo.hostConfig, apiKey: "wrong" } };
  await refused(401, dataConnections.getDataConnections({}, stranger));
  await refused(401, dataSources.getDataSources({}, stranger));
  await refused(401, spaces.getSpaces({}, stranger));
  await refused(401, users.getUsers({}, stranger));
});

test("the tenant has no complaint", async () => {
  assert.doesNotMatch(await stop(), /^misuse: /m);
});

// From here on: what was said, held against the package's types.

const isToken = ({ url }) => new URL(url).pathname === "/oauth/token";
const operationsOf = (list) => new Set(list.filter((e) => !isToken(e)).map((e) => contract.check(e).operation?.name));

test("every operation that the tenant serves was done", () => {
  const served = contract.operations.filter(({ module, name }) =>
    module.startsWith("data-") && module !== "data-sets" ||
    /^(getSpaces?|createSpace|patchSpace|getSpaceTypes|getSpaceAssignments?|(create|update|delete)SpaceAssignment|getGroups?|getMyTenant|getUsers?|getMyUser|filterUsers|getItems|getAppReloadMetadata|getReloads?|queueReload|getKnowledgebase|getDataSet)$/.test(name));
  const done = operationsOf(exchanges.filter((e) => e.status < 300));
  assert.deepEqual(served.map((o) => o.name).filter((name) => !done.has(name)), []);
});

test("the stories run, and write in every way that qlsync knows", () => {
  requests = recordStories();
  const done = operationsOf(requests);
  const writes = [
    "createDataConnection", "patchDataConnection", "deleteDataConnection", "updateDataConnections", "deleteDataConnections",
  ];
  assert.deepEqual(writes.filter((name) => !done.has(name)), []);
});

test("qlsync asks for tokens as the package does", () => {
  const isJSON = ({ body }) => body.startsWith("{"); // the package knows no assertion, which is a form
  const fields = (list) => new Set(list.filter(isToken).filter(isJSON).flatMap((e) => Object.keys(JSON.parse(e.body))));
  const [ours, theirs] = [fields(requests), fields(exchanges)];
  assert.ok(ours.size > 0);
  assert.deepEqual([...ours].filter((field) => !theirs.has(field)), []);
});

test("what was said is as the types say, but for the exceptions; and each exception is needed", (t) => {
  const checked = [...exchanges, ...requests].filter((e) => !isToken(e)).map(contract.check);
  const differences = new Set(checked.flatMap((c) => c.differences));
  const exceptions = new Set(JSON.parse(readFileSync(beside("exceptions.json"))).flatMap((e) => e.differences));
  assert.deepEqual([...differences].filter((d) => !exceptions.has(d)).sort(), [], "differences");
  assert.deepEqual([...exceptions].filter((e) => !differences.has(e)), [], "exceptions that never apply");
  t.diagnostic(`${exchanges.length} exchanges of the package, ${requests.length} requests of qlsync, ${exceptions.size} exceptions`);
});
