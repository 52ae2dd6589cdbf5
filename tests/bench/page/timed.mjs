// SPDX-License-Identifier: Apache-2.0
// @ts-check
// What one answer costs in a page: the gate and its peers, asked the same questions in turns. Runs in a page.
import { caslRules, cedarCall, cedarPolicies, documents, judge } from './typical.mjs';

/** Batches of each, after those that warm it up. */
const ROUNDS = 150;
const WARM_UP = 30;
/** A batch takes at least as long: the clock of an isolated page counts 5 µs. */
const BATCH_MS = 2;

/**
 * @typedef {{ bytes: string, asked: [action: string, id: string, allow: boolean][] }} Typical
 * @typedef {object} Contestant
 * @property {(at: number) => boolean} ask
 * @property {{ mfa?: boolean }} context
 * @property {() => Promise<void>} [afresh] before each batch, which then asks each question once
 */

/** @param {Typical} typical @returns {Promise<Record<string, { median_ns: number, p90_ns: number }>>} */
export async function timed(typical) {
  if (!globalThis.crossOriginIsolated) throw new Error('the page is not isolated: its clock is too coarse');
  const { asked } = typical;
  const of = new Map(documents([...new Set(asked.map(([, id]) => id))]).map((one) => [one.id, one]));
  const questions = asked.map(([action, id, allow]) => {
    const document = /** @type {import('./typical.mjs').Document} */ (of.get(id));
    if (judge(document, action, {}) !== allow) throw new Error(`typical.mjs is not typical.rs: ${action} ${id}`);
    return { action, id, name: `Document:${id}`, entity: { type: 'Document', id }, document };
  });
  const contestants = { ...(await gates(typical, questions)), ...(await peers(questions, [...of.values()])) };

  for (const [name, { ask, context, afresh }] of Object.entries(contestants)) {
    await afresh?.();
    questions.forEach(({ action, document }, at) => {
      const right = judge(document, action, context);
      // Twice: the second answer may come another way.
      if (ask(at) !== right || ask(at) !== right) throw new Error(`${name} answers ${action} ${document.id} wrongly`);
    });
  }

  /** @type {Record<string, { samples: number[], times: number }>} */
  const all = Object.fromEntries(Object.keys(contestants).map((name) => [name, { samples: [], times: 1 }]));
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    for (const [name, { ask, context, afresh }] of Object.entries(contestants)) {
      await afresh?.();
      const one = all[name];
      let allowed = 0;
      const start = performance.now();
      for (let time = 0; time < one.times; time += 1) {
        for (let at = 0; at < questions.length; at += 1) if (ask(at)) allowed += 1;
      }
      const took = performance.now() - start;
      const right = questions.filter(({ action, document }) => judge(document, action, context)).length;
      if (allowed !== right * one.times) throw new Error(`${name} answers wrongly`);
      if (round >= 0) one.samples.push((took * 1e6) / (one.times * questions.length));
      else if (took < BATCH_MS && !afresh) one.times *= 2;
    }
  }
  return Object.fromEntries(
    Object.entries(all).map(([name, { samples }]) => {
      samples.sort((a, b) => a - b);
      return [name, { median_ns: samples[ROUNDS >> 1], p90_ns: samples[Math.floor(ROUNDS * 0.9)] }];
    }),
  );
}

/**
 * @param {Typical} typical @param {{ action: string, name: string, entity: { type: string, id: string } }[]} questions
 * @returns {Promise<Record<string, Contestant>>}
 */
async function gates({ bytes }, questions) {
  const address = '/palisade/index.js';
  const { connect } = await import(address);
  const body = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
  const headers = { 'palisade-fresh-for': '600000', 'palisade-revision': '1' };
  const options = { types: ['Document'], every: 0, fetch: async () => new Response(body, { headers }) };
  const gate = await connect(options);
  let fresh = await connect(options);
  const mfa = { mfa: true };
  return {
    'gate, by name, remembered': { ask: (at) => gate.can(questions[at].action, questions[at].name), context: {} },
    'gate, by name, first time': {
      ask: (at) => fresh.can(questions[at].action, questions[at].name),
      context: {},
      async afresh() {
        fresh.close();
        fresh = await connect(options);
      },
    },
    'gate, by object': { ask: (at) => gate.can(questions[at].action, questions[at].entity), context: {} },
    'gate, with a context': { ask: (at) => gate.can(questions[at].action, questions[at].name, mfa), context: mfa },
  };
}

/**
 * What an application has at hand is made before: abilities, tagged objects, parsed policies, calls.
 * @param {{ action: string, document: import('./typical.mjs').Document }[]} questions
 * @param {import('./typical.mjs').Document[]} all
 * @returns {Promise<Record<string, Contestant>>}
 */
async function peers(questions, all) {
  const [caslUrl, cedarUrl] = ['/peers/casl.js', '/peers/cedar.js'];
  const { createMongoAbility, subject } = await import(caslUrl);
  const { default: start, preparsePolicySet, statefulIsAuthorized } = await import(cedarUrl);
  await start({ module_or_path: fetch('/peers/cedar_wasm_bg.wasm') });
  const parsed = preparsePolicySet('typical', { staticPolicies: cedarPolicies() });
  if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed.errors));
  /** @type {Record<string, Contestant>} */
  const contestants = {};
  for (const [suffix, context] of /** @type {const} */ ([
    ['', {}],
    [', with a context', { mfa: true }],
  ])) {
    // A context is part of an ability.
    const ability = createMongoAbility(caslRules(all, context));
    const objects = questions.map(({ document }) => subject('Document', { ...document }));
    const calls = questions.map(({ action, document }) => cedarCall(document, action, context));
    contestants[`casl${suffix}`] = { ask: (at) => ability.can(questions[at].action, objects[at]), context };
    contestants[`cedar-wasm${suffix}`] = {
      ask(at) {
        const answer = statefulIsAuthorized(calls[at]);
        if (answer.type !== 'success') throw new Error(JSON.stringify(answer.errors));
        return answer.response.decision === 'allow';
      },
      context,
    };
  }
  return contestants;
}
