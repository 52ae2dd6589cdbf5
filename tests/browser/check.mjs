// SPDX-License-Identifier: Apache-2.0
// @ts-check
// What the engine's wasm module must answer, in Node and in a page alike. Knows neither.

/** @typedef {import('../../pkg/engine.js').Entity} Entity */
/**
 * A question, and what is right.
 * @typedef {object} Asked
 * @property {Entity} principal
 * @property {Entity} action
 * @property {Entity} resource
 * @property {any} context
 * @property {boolean} allow
 * @property {string[]} policies those that decide
 * @property {string[]} failed those that cannot be evaluated
 */

/**
 * Asks everything; one sentence for each answer that is wrong.
 * @param {import('../../pkg/engine.js').World} world @param {string} name @param {Asked[]} questions
 */
export function wrongAnswers(world, name, questions) {
  /** @type {string[]} */
  const wrong = [];
  questions.forEach(({ principal, action, resource, context, allow, policies, failed }, at) => {
    const given = bigints(context);
    const bare = Object.keys(given).length === 0;
    const answers = [world.allows(principal, action, resource, given)];
    // Without a context there is a shorter way, by numbers.
    if (bare) answers.push(world.allows(principal, action, resource));
    const why = world.explain(principal, action, resource, given);
    const decided = (why.allow ? why.permits : why.forbids).map(({ policy }) => policy);
    const failing = why.errors.map(({ policy }) => policy);
    const same = (/** @type {string[]} */ a, /** @type {string[]} */ b) => `${a.toSorted()}` === `${b.toSorted()}`;
    if (answers.some((answer) => answer !== allow) || why.allow !== allow) {
      wrong.push(`${name} ${at}: ${answers} and ${why.allow}, ${allow} is right`);
    } else if (!same(decided, policies) || !same(failing, failed)) {
      wrong.push(`${name} ${at}: by ${decided}, not ${policies}; failing ${failing}, not ${failed}`);
    }
  });
  return wrong;
}

/** JSON has no whole numbers of 64 bits: they are marked. @param {any} value @returns {any} */
function bigints(value) {
  if (Array.isArray(value)) return value.map(bigints);
  if (typeof value !== 'object' || value === null) return value;
  if (typeof value.__bigint === 'string') return BigInt(value.__bigint);
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, bigints(field)]));
}

/**
 * Every way of damaging bytes that a transfer could: the engine refuses, and goes on working.
 * @param {import('../../pkg/engine.js').Engine} engine @param {Uint8Array} bytes
 * @returns {string[]} what was loaded all the same
 */
export function loadedThoughDamaged(engine, bytes) {
  /** @type {string[]} */
  const loaded = [];
  const attempt = (/** @type {string} */ what, /** @type {Uint8Array} */ damaged) => {
    try {
      engine.load(damaged);
      loaded.push(what);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('palisade: ')) loaded.push(`${what}: ${error}`);
    }
  };
  for (let length = 0; length < bytes.length; length += Math.ceil(bytes.length / 200)) {
    attempt(`the first ${length} bytes`, bytes.slice(0, length));
  }
  for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 200)) {
    const damaged = bytes.slice();
    damaged[at] ^= 1 << at % 8;
    attempt(`a bit of byte ${at}`, damaged);
  }
  return loaded;
}
