// The contract as Qlik's own package has it: which operations there are, and JSON
// Schemas of what each takes and gives. Nothing of it is written by hand: the
// operations are asked from the package's functions, the schemas are generated
// from its type declarations.

import { fileURLToPath } from "node:url";
import interceptors from "@qlik/api/interceptors";
import Ajv from "ajv";
import { createGenerator } from "ts-json-schema-generator";

const modules = [
  "data-connections", "data-sources", "data-credentials", "spaces", "users", "items", "apps", "reloads", "knowledgebases", "data-sets",
  "groups", "tenants",
];

/** Reads the package. The result has `operations` and the function `check`. */
export async function readContract() {
  const operations = [];
  for (const name of modules) operations.push(...(await operationsOf(name)));
  const plain = new Ajv({ strict: false, allErrors: true });
  const fromText = new Ajv({ strict: false, allErrors: true, coerceTypes: true }); // a query is all text
  for (const name of modules) {
    const schema = { ...schemaOf(name), $id: name };
    plain.addSchema(schema);
    fromText.addSchema(schema);
  }
  return { operations, check: (exchange) => check(exchange, operations, plain, fromText) };
}

/** Calls every function of a module, without sending anything, to see what it would send. */
async function operationsOf(module) {
  const { default: functions } = await import(`@qlik/api/${module}`);
  const found = [];
  for (const [name, call] of Object.entries(functions).filter(([name]) => name !== "clearCache")) {
    const look = interceptors.addInterceptor(async ({ method, pathTemplate }) => {
      // An empty reload id asks for all reloads (API reference, Apps).
      const path = pathTemplate.replace(/\{reloadId\}$/, (id) => (name === "getAppReloadMetadata" ? "[^/]*" : id)).replace(/\{.*?\}/g, "[^/]+");
      found.push({ name, module, method: method.toUpperCase(), path: new RegExp(`^${path}$`), fixed: !path.includes("[^/]+") });
      return { status: 200, headers: new Headers(), data: {} };
    });
    await call(...Array(call.length).fill(undefined));
    interceptors.removeInterceptor(look);
  }
  return found;
}

function schemaOf(module) {
  const declarations = fileURLToPath(import.meta.resolve(`@qlik/api/${module}`)).replace(/\.js$/, ".d.ts");
  return createGenerator({ path: declarations, type: "*", functions: "comment", skipTypeCheck: true }).createSchema("*");
}

/**
 * Says how an exchange {method, url, body, status, answer} differs from the contract, as texts
 * "request|answer OPERATION: PLACE what". Without a status, only the request is looked at.
 */
function check(exchange, operations, plain, fromText) {
  const url = new URL(exchange.url);
  const matching = operations.filter((o) => o.method === exchange.method && o.path.test(url.pathname));
  const operation = matching.find((o) => o.fixed) ?? matching[0];
  if (!operation) return { differences: [`request ${exchange.method} ${url.pathname}: is no operation`] };

  const at = (ajv, path) => [ajv, `${operation.module}#/definitions/${path}`];
  const takes = (part) => at(part === "query" ? fromText : plain, `${operation.name}/properties/namedArgs/properties/${part}`);
  const request = [
    ...compare(takes("query"), queryOf(url, lookUp(...takes("query"))), {}),
    ...compare(takes("body"), parse(exchange.body), null),
  ];
  const type = operation.name[0].toUpperCase() + operation.name.slice(1);
  const answer = exchange.status ? compareAnswer((path) => at(plain, type + path), exchange) : [];
  return {
    operation,
    differences: [
      ...request.map((text) => `request ${operation.name}: ${text}`),
      ...answer.map((text) => `answer ${operation.name} ${exchange.status}: ${text}`),
    ],
  };
}

/** Gives the query; the package writes a list with commas. */
function queryOf(url, schema) {
  const isList = (key) => schema?.properties?.[key]?.type === "array";
  return Object.fromEntries([...url.searchParams].map(([key, value]) => [key, isList(key) ? value.split(",") : value]));
}

/** An answer is described by the type of the operation's result or of its error, each with its statuses. */
function compareAnswer(typed, { status, answer }) {
  for (const outcome of ["HttpResponse", "HttpError"]) {
    if (compare(typed(`${outcome}/properties/status`), status).length === 0) {
      return compare(typed(`${outcome}/properties/data`), parse(answer));
    }
  }
  return ["the status is not declared", ...compare(typed("HttpError/properties/data"), parse(answer))];
}

const parse = (text) => (text ? JSON.parse(text) : null);

/** Gives the differences of a value from a schema; where there is no schema, the value must be the empty one. */
function compare([ajv, reference], value, empty) {
  const schema = lookUp(ajv, reference);
  if (!schema) return JSON.stringify(value) === JSON.stringify(empty) ? [] : ["nothing is declared here"];
  const variants = schema.anyOf ? schema.anyOf.map((_, i) => `${reference}/anyOf/${i}`) : [reference];
  return variants
    .map((variant) => {
      const valid = ajv.getSchema(variant) ?? ajv.compile({ $ref: variant });
      return valid(structuredClone(value)) ? [] : valid.errors.map(tell);
    })
    .reduce((best, errors) => (errors.length < best.length ? errors : best));
}

/** Follows a reference into a schema; undefined if it leads nowhere. */
function lookUp(ajv, reference) {
  const [module, pointer] = reference.split("#/");
  return pointer.split("/").reduce((node, key) => node?.[key], ajv.getSchema(module).schema);
}

/** Says an error of ajv without quoting the value, and the same for every item of a list. */
function tell({ instancePath, keyword, params, message }) {
  const place = instancePath.replace(/\/\d+(?=\/|$)/g, "/*");
  if (keyword === "additionalProperties") return `${place}/${params.additionalProperty} is not declared`;
  if (keyword === "required") return `${place}/${params.missingProperty} is missing`;
  return `${place} ${message}`;
}
