// Starts Azurite with three things of its own missing: accounts that take effect at once, tokens
// whose signature is checked, and metadata that survive a kill.
//
//   node azurite.js MODULES ACCOUNTS KEY AZURITE-ARGUMENTS…
//
// MODULES is the node_modules folder that holds Azurite, ACCOUNTS a JSON file {name: [key, …]}, KEY
// the public key of those who sign tokens, PEM.
"use strict";

const fs = require("fs");
const path = require("path");

const [modules, accountsFile, keyFile, ...rest] = process.argv.slice(2);
process.argv.splice(2, process.argv.length - 2, ...rest);
const azurite = path.join(path.resolve(modules), "azurite");
const load = (name) => require(require.resolve(name, { paths: [azurite] }));

// -- Accounts ---------------------------------------------------------------------------------
// Azurite reads its environment once a minute; here the file counts, from the moment it changes.

let accounts = new Map();
let stamp = "";

function account(name) {
  const { mtimeMs, ino } = fs.statSync(accountsFile);
  if (`${mtimeMs}/${ino}` !== stamp) {
    const named = Object.entries(JSON.parse(fs.readFileSync(accountsFile, "utf8")));
    accounts = new Map(
      named.map(([name, [first, second]]) => [
        name,
        {
          name,
          key1: Buffer.from(first, "base64"),
          key2: second && Buffer.from(second, "base64"),
        },
      ]),
    );
    stamp = `${mtimeMs}/${ino}`;
  }
  return accounts.get(name);
}

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
