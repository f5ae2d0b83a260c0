// Starts Azurite with four things of its own missing: accounts that take effect at once, tokens
// whose signature is checked, roles, and metadata that survive a kill.
//
//   node azurite.js MODULES ACCOUNTS KEY ACCESS AZURITE-ARGUMENTS…
//
// MODULES is the node_modules folder that holds Azurite, ACCOUNTS a JSON file {name: [key, …]}, KEY
// the public key of those who sign tokens, PEM. ACCESS is a JSON file: `open` is the principal who
// may do everything, `keyless` the accounts that take no keys, `grants` what others may do, by
// principal: [{account, container, seen, may}], all of an account without a container, from the
// time `seen` on.
"use strict";

const fs = require("fs");
const path = require("path");

const [modules, accountsFile, keyFile, accessFile, ...rest] = process.argv.slice(2);
process.argv.splice(2, process.argv.length - 2, ...rest);
const azurite = path.join(path.resolve(modules), "azurite");
const load = (name) => require(require.resolve(name, { paths: [azurite] }));

// -- Accounts ---------------------------------------------------------------------------------
// Azurite reads its environment once a minute; here the file counts, from the moment it changes.

// What a JSON file holds, read again when it has changed.
function watched(file, make) {
  let stamp = "";
  let value;
  return () => {
    const { mtimeMs, ino } = fs.statSync(file);
    if (`${mtimeMs}/${ino}` !== stamp) {
      value = make(JSON.parse(fs.readFileSync(file, "utf8")));
      stamp = `${mtimeMs}/${ino}`;
    }
    return value;
  };
}

const accounts = watched(
  accountsFile,
  (known) =>
    new Map(
      Object.entries(known).map(([name, [first, second]]) => [
        name,
        {
          name,
          key1: Buffer.from(first, "base64"),
          key2: second && Buffer.from(second, "base64"),
        },
      ]),
    ),
);

const account = (name) => accounts().get(name);

const store = load("./dist/src/common/AccountDataStore.js").default.prototype;
store.getAccount = account;
store.refresh = () => {};

// -- Tokens -----------------------------------------------------------------------------------
// Azurite reads what a token claims and checks its time and audience, not who has signed it.

const tokens = load("jsonwebtoken");
const key = fs.readFileSync(keyFile, "utf8");
tokens.decode = (token) => {
  try {
    // Its time is for Azurite to check, which says what is wrong with it.
    return tokens.verify(token, key, {
      algorithms: ["RS256"],
      ignoreExpiration: true,
      ignoreNotBefore: true,
    });
  } catch {
    return null;
  }
};

// -- Roles ------------------------------------------------------------------------------------
// A token says who asks; whether that one may is for roles to say, and whether keys count at all
// for the account.

const access = watched(accessFile, (known) => ({ ...known, keyless: new Set(known.keyless) }));
const Context = load("./dist/src/blob/context/BlobStorageContext.js").default;
const errors = load("./dist/src/blob/errors/StorageErrorFactory.js").default;
const StorageError = load("./dist/src/blob/errors/StorageError.js").default;

// Any of these is enough: by the tables "Permissions for blob service operations".
function needed(method, operation, container, blob) {
  const reads = method === "GET" || method === "HEAD";
  if (blob) {
    if (reads || operation === "query") return ["blobs/read"];
    return method === "DELETE" ? ["blobs/delete"] : ["blobs/write", "blobs/add"];
  }
  if (operation === "batch") return ["blobs/delete"];
  if (!container) {
    if (operation === "userdelegationkey") return ["delegate"];
    return reads ? ["containers/read"] : ["containers/write"];
  }
  if (reads) return operation === "list" ? ["blobs/read"] : ["containers/read"];
  return method === "DELETE" ? ["containers/delete"] : ["containers/write"];
}

function allowed(principal, wanted, { account, container }) {
  const known = access();
  if (principal === known.open) return true;
  const now = Date.now() / 1000;
  return (known.grants[principal] ?? []).some(
    (grant) =>
      grant.account === account &&
      (grant.container === undefined || grant.container === container) &&
      grant.seen <= now &&
      wanted.some((word) => grant.may.includes(word)),
  );
}

function extend(file, check) {
  const authenticator = load(`./dist/src/blob/authentication/${file}.js`).default.prototype;
  const validate = authenticator.validate;
  authenticator.validate = function (request, context) {
    return check(() => validate.call(this, request, context), request, new Context(context));
  };
}

extend("BlobTokenAuthenticator", async (validate, request, context) => {
  const passed = await validate();
  if (passed !== true) return passed;
  const principal = tokens.decode(request.getHeader("authorization").split(" ")[1]).oid;
  const { container, blob } = context;
  const wanted = needed(request.getMethod(), request.getQuery("comp"), container, blob);
  if (allowed(principal, wanted, context)) return true;
  throw errors.getAuthorizationPermissionMismatch(context.contextId);
});

extend("BlobSharedKeyAuthenticator", async (validate, request, context) => {
  const byKey = request.getHeader("authorization")?.startsWith("SharedKey");
  if (byKey && access().keyless.has(context.account)) {
    throw new StorageError(
      403,
      "KeyBasedAuthenticationNotPermitted",
      "Key based authentication is not permitted on this storage account.",
      context.contextId,
    );
  }
  return validate();
});

// -- Journal ----------------------------------------------------------------------------------
// Azurite keeps its metadata in Loki, which saves all of it every five seconds. Each change is
// appended to a journal before the client has its answer; the next save makes the journal
// superfluous. Replaying what is already saved does no harm: the last entry of a document wins.

const Loki = load("lokijs");

class Journal {
  constructor(file) {
    this.file = file;
    this.segment = 0;
    this.descriptor = null;
  }

  segments() {
    const prefix = `${path.basename(this.file)}.journal.`;
    const names = fs.existsSync(path.dirname(this.file)) ? fs.readdirSync(path.dirname(this.file)) : [];
    return names
      .filter((name) => name.startsWith(prefix))
      .map((name) => Number(name.slice(prefix.length)))
      .sort((a, b) => a - b);
  }

  name(segment) {
    return `${this.file}.journal.${segment}`;
  }

  append(collection, id, document) {
    if (this.descriptor === null) {
      this.segment = Math.max(this.segment, ...this.segments()) + 1;
      this.descriptor = fs.openSync(this.name(this.segment), "a", 0o600);
    }
    fs.writeSync(this.descriptor, `${JSON.stringify([collection, id, document])}\n`);
  }

  // Called when a save begins: what comes now is not in it.
  cut() {
    if (this.descriptor !== null) fs.closeSync(this.descriptor);
    this.descriptor = null;
    return this.segments();
  }

  replay(database) {
    for (const segment of this.segments()) {
      for (const line of fs.readFileSync(this.name(segment), "utf8").split("\n")) {
        let entry;
        try {
          entry = JSON.parse(line);
        } catch {
          break; // The end, or an entry cut off by a kill: its client had no answer yet.
        }
        const [name, id, document] = entry;
        if (id === null) {
          database.collections = database.collections.filter((one) => one.name !== name);
          continue;
        }
        let collection = database.collections.find((one) => one.name === name);
        if (collection === undefined) {
          collection = { name, data: [], maxId: 0 };
          database.collections.push(collection);
        }
        collection.changed ??= new Map(collection.data.map((one) => [one.$loki, one]));
        if (document === null) collection.changed.delete(id);
        else collection.changed.set(id, document);
        collection.maxId = Math.max(collection.maxId, id);
      }
    }
    for (const collection of database.collections) {
      if (collection.changed === undefined) continue;
      collection.data = [...collection.changed.values()].sort((a, b) => a.$loki - b.$loki);
      delete collection.changed;
    }
    return database;
  }
}

class JournaledLoki extends Loki {
  #journal; // Private, or Loki would save it with the rest.

  constructor(file, options) {
    const journal = new Journal(file);
    const disk = new Loki.LokiFsAdapter();
    const adapter = {
      loadDatabase: (name, done) =>
        disk.loadDatabase(name, (text) =>
          done(typeof text === "string" ? journal.replay(JSON.parse(text)) : text),
        ),
      saveDatabase: (name, text, done) => {
        const superfluous = journal.cut();
        disk.saveDatabase(name, text, (error) => {
          if (!error) for (const one of superfluous) fs.rmSync(journal.name(one), { force: true });
          done(error);
        });
      },
    };
    super(file, options.persistenceMethod === "fs" ? { ...options, adapter } : options);
    this.#journal = journal;
  }

  addCollection(name, options) {
    const known = this.collections.includes(this.getCollection(name));
    const collection = super.addCollection(name, options);
    if (known) return collection;
    const all = (documents) => (Array.isArray(documents) ? documents : [documents]);
    const put = (documents) =>
      all(documents).forEach((one) => this.#journal.append(name, one.$loki, one));
    collection.on("insert", put);
    collection.on("update", put);
    collection.on("delete", (documents) =>
      all(documents).forEach((one) => this.#journal.append(name, one.$loki, null)),
    );
    return collection;
  }

  loadJSONObject(database, options) {
    super.loadJSONObject(database, options);
    // Positions in the saved indices do not hold for what was replayed.
    for (const collection of this.collections) collection.ensureAllIndexes(true);
  }

  removeCollection(name) {
    super.removeCollection(name);
    this.#journal.append(name, null, null);
  }
}

require.cache[require.resolve("lokijs", { paths: [azurite] })].exports = JournaledLoki;
load("./dist/src/azurite.js");
