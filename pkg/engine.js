// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The compiled engine in JavaScript: loads what `palisade` compiled and decides by it. No dependency, no generated code.
//
//   const engine = await Engine.start(fetch('engine.wasm'));
//   const world = engine.load(bytes);
//   world.allows({ type: 'User', id: 'ann' }, { type: 'Action', id: 'read' }, { type: 'Document', id: 'd1' });
//
// What cannot be read is refused: `load` throws, a question is denied.

/** @typedef {{ type: string, id: string }} Entity */
/**
 * A value of a context. A number is a whole one; a bigint is for those that no number holds exactly.
 * @typedef {boolean | number | bigint | string | EntityValue | ExtensionValue | any[] | Fields} Value
 */
/** @typedef {{ [name: string]: any }} Fields each of them a value, as each member of a list is */
/** @typedef {{ __entity: Entity }} EntityValue */
/** @typedef {{ __extn: { fn: 'ip' | 'decimal' | 'datetime' | 'duration', arg: string } }} ExtensionValue */
/** @typedef {{ policy: string, source: string }} Reason */
/**
 * Why a question is answered as it is. Without `errors`, an allow rests on `permits`, a deny on `forbids` or on nothing.
 * @typedef {{ allow: boolean, permits: Reason[], forbids: Reason[], errors: { policy: string, why: string }[] }} Explanation
 */
/**
 * What the module exports.
 * @typedef {object} Exports
 * @property {WebAssembly.Memory} memory
 * @property {(length: number) => number} alloc
 * @property {(bytes: number, length: number) => number} load
 * @property {(handle: number) => void} unload
 * @property {(handle: number, bytes: number, length: number) => number} entity
 * @property {(handle: number, entity: number) => number} exists
 * @property {(handle: number, bytes: number, length: number) => number} ids
 * @property {(handle: number, principal: number, action: number, resource: number) => number} allows
 * @property {(handle: number, principal: number, action: number, resource: number, bytes: number, length: number) => number} allows_in
 * @property {(handle: number, bytes: number, length: number) => number} decide
 * @property {(handle: number, bytes: number, length: number) => number} explain
 * @property {() => number} text
 * @property {() => number} text_length
 */

/** The number of an entity that nothing loaded speaks of. */
const UNKNOWN = 0xffff_ffff;
/** As many entities are remembered by their number; then all are forgotten, so that a long-lived page does not grow. */
const REMEMBERED = 10_000;

const encoder = new TextEncoder();
export const decoder = new TextDecoder();

/** What JavaScript calls a value: `Object`, `Null`, `Date`. @param {unknown} value */
export const kindOf = (value) => Object.prototype.toString.call(value).slice(8, -1);

/** The module, started. */
export class Engine {
  /** Its memory. Growing it takes the bytes from under this. */
  #memory = new Uint8Array();

  /** @param {WebAssembly.Instance} instance */
  constructor(instance) {
    this.exports = /** @type {Exports} */ (/** @type {unknown} */ (instance.exports));
  }

  /**
   * Starts the module: from a response (streamed where its type allows it), from bytes, or compiled already.
   * @param {Response | Promise<Response> | BufferSource | WebAssembly.Module} source
   */
  static async start(source) {
    const given = await source;
    if (given instanceof WebAssembly.Module) return new Engine(await WebAssembly.instantiate(given, {}));
    if (typeof Response === 'undefined' || !(given instanceof Response)) {
      return new Engine((await WebAssembly.instantiate(/** @type {BufferSource} */ (given), {})).instance);
    }
    if (!given.ok) throw new Error(`palisade: ${given.url || 'the engine'} answers ${given.status}`);
    // A server that calls it something else than application/wasm makes streaming fail: the bytes are the same.
    const isWasm = given.headers.get('content-type')?.startsWith('application/wasm');
    const started = isWasm
      ? await WebAssembly.instantiateStreaming(given, {})
      : await WebAssembly.instantiate(await given.arrayBuffer(), {});
    return new Engine(started.instance);
  }

  /**
   * Loads policies and data.
   * @param {Uint8Array} bytes
   * @throws {Error} they are no binary form of this version, or a damaged one
   */
  load(bytes) {
    const handle = this.exports.load(this.#put(bytes), bytes.length);
    if (handle === 0) {
      // Asking again brings the same.
      throw Object.assign(new Error(`palisade: what was compiled cannot be read (${this.text()})`), { final: true });
    }
    return new World(this, handle);
  }

  /** What the last call has to say. */
  text() {
    const { memory, text, text_length } = this.exports;
    return decoder.decode(new Uint8Array(memory.buffer, text(), text_length()));
  }

  /** @param {Uint8Array} bytes */
  #put(bytes) {
    const at = this.exports.alloc(bytes.length);
    const { buffer } = this.exports.memory;
    if (this.#memory.buffer !== buffer) this.#memory = new Uint8Array(buffer);
    this.#memory.set(bytes, at);
    return at;
  }

  /**
   * Calls an export with the message that was written.
   * @param {'entity' | 'ids' | 'decide' | 'explain'} name @param {number} handle @param {Message} message
   */
  ask(name, handle, message) {
    const bytes = message.written();
    return this.exports[name](handle, this.#put(bytes), bytes.length);
  }

  /**
   * A question of three numbers, with the context that was written.
   * @param {number} handle @param {number} who @param {number} what @param {number} which @param {Message} message
   */
  askIn(handle, who, what, which, message) {
    const bytes = message.written();
    return this.exports.allows_in(handle, who, what, which, this.#put(bytes), bytes.length);
  }
}

/** Policies and data that were loaded together. */
export class World {
  #engine;
  #handle;
  /** Numbers of entities, by type and id. @type {Map<string, Map<string, number>>} */
  #numbers = new Map();
  #remembered = 0;

  /** @param {Engine} engine @param {number} handle */
  constructor(engine, handle) {
    this.#engine = engine;
    this.#handle = handle;
  }

  /**
   * Whether a principal may do an action on a resource.
   * @param {Entity} principal @param {Entity} action @param {Entity} resource @param {Fields} [context]
   */
  allows(principal, action, resource, context) {
    const [who, what, which] = [this.#number(principal), this.#number(action), this.#number(resource)];
    if (who !== UNKNOWN && what !== UNKNOWN && which !== UNKNOWN) {
      if (!context) return this.#engine.exports.allows(this.#handle, who, what, which) === 1;
      MESSAGE.begin();
      MESSAGE.record(context);
      return this.#engine.askIn(this.#handle, who, what, which, MESSAGE) === 1;
    }
    return this.#engine.ask('decide', this.#handle, question(principal, action, resource, context)) === 1;
  }

  /**
   * Why. Costs more than {@link World.allows}: it looks for everything that applies.
   * @param {Entity} principal @param {Entity} action @param {Entity} resource @param {Fields} [context]
   * @returns {Explanation}
   */
  explain(principal, action, resource, context) {
    const answer = this.#engine.ask('explain', this.#handle, question(principal, action, resource, context));
    if (answer < 0) return { allow: false, permits: [], forbids: [], errors: [] };
    return JSON.parse(this.#engine.text());
  }

  /** Whether an entity is there; what only a grant names is not. @param {Entity} entity */
  exists(entity) {
    return this.#engine.exports.exists(this.#handle, this.#number(entity)) === 1;
  }

  /** The ids of all entities of a type that are there. @param {string} type @returns {string[]} */
  ids(type) {
    MESSAGE.begin();
    MESSAGE.text(type);
    this.#engine.ask('ids', this.#handle, MESSAGE);
    return JSON.parse(this.#engine.text());
  }

  /** Lets go of the memory. */
  close() {
    this.#engine.exports.unload(this.#handle);
    this.#handle = 0;
    this.#numbers.clear();
  }

  /** @param {Entity} entity */
  #number({ type, id }) {
    let ofType = this.#numbers.get(type);
    let number = ofType?.get(id);
    if (number !== undefined) return number;
    MESSAGE.begin();
    MESSAGE.text(type);
    MESSAGE.text(id);
    number = this.#engine.ask('entity', this.#handle, MESSAGE) >>> 0;
    if (this.#remembered >= REMEMBERED) {
      this.#numbers.clear();
      this.#remembered = 0;
      ofType = undefined;
    }
    if (ofType === undefined) this.#numbers.set(type, (ofType = new Map()));
    ofType.set(id, number);
    this.#remembered += 1;
    return number;
  }
}

/** @param {Entity} principal @param {Entity} action @param {Entity} resource @param {Fields} [context] */
function question(principal, action, resource, context = {}) {
  MESSAGE.begin();
  for (const { type, id } of [principal, action, resource]) {
    MESSAGE.text(type);
    MESSAGE.text(id);
  }
  MESSAGE.record(context);
  return MESSAGE;
}

/** What is asked, as the module reads it (src/browser/message.rs). One is written again and again. */
class Message {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  begin() {
    this.#at = 0;
  }

  written() {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Makes room for so many bytes more. @param {number} count */
  #room(count) {
    if (this.#at + count <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * (this.#at + count));
    larger.set(this.written());
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }

  /** @param {number} value */
  #byte(value) {
    this.#room(1);
    this.#bytes[this.#at++] = value;
  }

  /** @param {number} count */
  #count(count) {
    this.#room(4);
    this.#view.setUint32(this.#at, count, true);
    this.#at += 4;
  }

  /** @param {string} value */
  text(value) {
    // No character takes more than three bytes for each of its sixteen-bit units.
    this.#room(4 + value.length * 3);
    const start = this.#at + 4;
    const bytes = this.#bytes;
    let written = 0;
    // Most of what is asked is short and ASCII: calling the encoder would cost more than the rest of a question.
    for (let unit; (unit = value.charCodeAt(written)) < 128; written += 1) bytes[start + written] = unit;
    if (written < value.length) {
      // A lone surrogate is no character: what would be put in its place could be another entity's id.
      if (!value.isWellFormed()) throw new TypeError('palisade: a text that is no Unicode');
      written = encoder.encodeInto(value, bytes.subarray(start)).written;
    }
    this.#view.setUint32(this.#at, written, true);
    this.#at = start + written;
  }

  /** @param {Fields} fields */
  record(fields) {
    const names = Object.keys(fields);
    this.#count(names.length);
    for (const name of names) {
      this.text(name);
      this.#value(fields[name]);
    }
  }

  /** @param {Value} value */
  #value(value) {
    if (typeof value === 'boolean') {
      this.#byte(value ? 1 : 0);
    } else if (typeof value === 'number' || typeof value === 'bigint') {
      if (typeof value === 'number' && !Number.isSafeInteger(value)) {
        throw new TypeError(`palisade: ${value} is no whole number, or not an exact one: use a bigint`);
      }
      const long = BigInt(value);
      if (BigInt.asIntN(64, long) !== long) throw new TypeError(`palisade: ${value} has more than 64 bits`);
      this.#byte(2);
      this.#room(8);
      this.#view.setBigInt64(this.#at, long, true);
      this.#at += 8;
    } else if (typeof value === 'string') {
      this.#byte(3);
      this.text(value);
    } else if (Array.isArray(value)) {
      this.#byte(5);
      this.#count(value.length);
      for (const member of value) this.#value(member);
    } else if (kindOf(value) === 'Object') {
      // A date or a map is an object too, one without fields: it would be asked about as an empty record.
      const fields = /** @type {any} */ (value);
      if (fields.__entity) {
        this.#byte(4);
        this.text(fields.__entity.type);
        this.text(fields.__entity.id);
      } else if (fields.__extn) {
        this.#byte(7);
        this.text(fields.__extn.fn);
        this.text(fields.__extn.arg);
      } else {
        this.#byte(6);
        this.record(fields);
      }
    } else {
      throw new TypeError(`palisade: ${kindOf(value)} is no value of a context`);
    }
  }
}

const MESSAGE = new Message();
