// SPDX-License-Identifier: Apache-2.0
// @ts-check
// What a gate must answer from pages that the edge made, in Node and in a page alike. Knows neither.

/** @typedef {import('../../pkg/engine.js').Entity} Entity */
/**
 * A question: the number of its page, what is asked, and what the edge answers.
 * @typedef {[page: number, action: string, resource: Entity, context: Record<string, any>, allow: boolean]} Asked
 */

/**
 * Asks everything in every way; one sentence for each answer that is wrong.
 * @param {typeof import('../../pkg/index.js').open} open
 * @param {any} options of every gate; its token will be the pack and the page's number
 * @param {string} pack @param {Asked[]} questions
 * @returns {Promise<{ wrong: string[], right: number }>}
 */
export async function answers(open, options, pack, questions) {
  /** @type {string[]} */
  const wrong = [];
  let right = 0;
  const onError = (/** @type {any} */ error) => wrong.push(String(error));
  const all = unique(questions.map(([, , resource]) => resource));
  for (const page of new Set(questions.map(([page]) => page))) {
    const own = questions.filter(([of]) => of === page);
    const headers = { authorization: `Bearer ${pack}/${page}` };
    const gate = open({ ...options, headers, onError, resources: all });
    await gate.ready;
    // What contexts name is known once it was asked for.
    for (const [, action, resource, context] of own) gate.can(action, resource, context);
    await gate.refresh();
    for (const one of own) {
      const [, action, resource, context, allow] = one;
      /** @type {[resource: any, context?: any][]} */
      const given = [];
      // The name is remembered: it is asked twice.
      for (const which of [resource, nameOf(resource), nameOf(resource)]) {
        given.push([which, context]);
        if (Object.keys(context).length === 0) given.push([which]);
      }
      let said = '';
      for (const [which, context] of given) {
        said += ` ${gate.can(action, which, context)} ${gate.check(action, which, context)}`;
        said += ` ${gate.explain(action, which, context).state} ${gate.list(action, [which], context).length > 0}`;
      }
      const expected = ` ${allow} ${allow ? 'allowed allowed' : 'denied denied'} ${allow}`.repeat(given.length);
      if (said === expected) right += 1;
      else wrong.push(`${pack} ${JSON.stringify(one)}:${said}`);
    }
    gate.close();
    const types = [...new Set(all.map(({ type }) => type))];
    const whole = open({ ...options, headers, onError, types });
    await whole.ready;
    for (const action of new Set(own.map(([, action]) => action))) {
      for (const type of types) {
        const there = all.filter((one) => one.type === type);
        const can = there.filter((one) => whole.can(action, one)).map(({ id }) => id);
        // A page may have more of a type than is asked about.
        const listed = whole.list(action, type).filter((id) => there.some((one) => one.id === id));
        if (`${can.toSorted()}` === `${listed.toSorted()}`) continue;
        wrong.push(`${pack} ${page} ${action}: ${listed}, not ${can}`);
      }
    }
    whole.close();
  }
  return { wrong, right };
}

/** @param {Entity} entity */
const nameOf = ({ type, id }) => `${type}:${id}`;

/** @param {Entity[]} entities */
const unique = (entities) => [...new Map(entities.map((one) => [nameOf(one), one])).values()];
