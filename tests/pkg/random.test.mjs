// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Random days of a page: whatever the network, the clock and the users do, what is allowed was said by the edge, for the
// one who is signed in, and not too long ago. And when they are done, everything is answered again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open } from '../../pkg/index.js';
import { Edge, Time, WASM, name, questions, refuse, settled } from './edge.mjs';

const DAYS = 80;
const EVENTS = 60;
const asked = questions('chat').filter(({ principal }) => ['ann', 'dan'].includes(principal.id));
const allowed = new Set(
  asked.filter(({ allow }) => allow).map((one) => `${one.principal.id} ${one.action.id} ${name(one.resource)}`),
);

/** @param {number} seed a number between 0 and 1, again and again */
function numbers(seed) {
  let state = seed * 2_654_435_761 + 1;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 3_266_489_917) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

let answers = 0;

for (let seed = 0; seed < DAYS; seed += 1) {
  test(`day ${seed}`, async (t) => {
    const random = numbers(seed);
    /** @template T @param {T[]} list */
    const pick = (list) => list[Math.floor(random() * list.length)];
    t.mock.method(Math, 'random', random);
    const time = new Time();
    const edge = new Edge();
    /** What the edge said: for whom, and until when. @type {{ id: string, until: number }[]} */
    const said = [];
    let signedOut = false;
    const fetch = async (/** @type {any} */ input, /** @type {any} */ init) => {
      const sent = time.wall;
      const id = Object.values(edge.principals)[0].id;
      const lasts = Number(edge.freshFor);
      const response = await edge.fetch(input, init);
      if (response.ok) said.push({ id, until: sent + lasts });
      if (response.status === 401) signedOut = true;
      return response;
    };
    // Some are asked for as types, most as single things.
    const types = random() < 0.3 ? ['Message', 'Session'] : [];
    const gate = open(/** @type {any} */ ({ fetch, wasm: WASM, now: time.now, types, onError: () => {} }));
    t.after(() => {
      gate.close();
      time.stop();
    });
    let release = () => {};

    const ask = () => {
      const { action, resource } = pick(asked);
      const can = gate.can(action.id, name(resource));
      const id = gate.principal?.id;
      if (!can) return;
      answers += 1;
      assert.ok(allowed.has(`${id} ${action.id} ${name(resource)}`), `${id} may not ${action.id} ${name(resource)}`);
      assert.ok(
        said.some((one) => one.id === id && time.wall < one.until),
        `nobody says so any more`,
      );
      assert.equal(gate.status, 'ready');
    };
    const people = [
      { type: 'User', id: 'ann' },
      { type: 'User', id: 'dan' },
    ];
    /** @type {[number, () => any][]} */
    const events = [
      [
        30,
        () => {
          for (let at = 0; at < 40; at += 1) ask();
        },
      ],
      [15, () => time.pass(Math.ceil(random() * 50))],
      [10, () => time.pass(Math.ceil(random() * 40_000))],
      [
        2,
        () => {
          time.wall += 3_600_000;
        },
      ],
      [
        2,
        () => {
          time.wall -= 3_600_000;
          time.steady += 3_600_000;
          said.length = 0;
        },
      ],
      [
        5,
        () => {
          edge.principals = { one: pick(people) };
          edge.revision += 1;
        },
      ],
      [
        3,
        () => {
          edge.freshFor = pick(['2000', '60000', '600000']);
        },
      ],
      [
        5,
        () => {
          edge.instead.push(
            pick([
              () => refuse(503, '', '', { 'retry-after': '3' }),
              () => Promise.reject(new TypeError('offline')),
              () => refuse(403, '', ''),
              () => refuse(413, '', ''),
              () => refuse(401, '', ''),
              () => new Response('<html>'),
            ]),
          );
        },
      ],
      [
        4,
        () => {
          release();
          release = edge.hold();
        },
      ],
      [6, () => release()],
      [5, () => void gate.refresh()],
      [
        3,
        () => {
          edge.instead.unshift(() => refuse(403, '', ''));
          gate.fetch('/api').catch(() => {});
        },
      ],
    ];
    const weights = events.flatMap(([weight, event]) => Array(weight).fill(event));
    for (let at = 0; at < EVENTS; at += 1) {
      // It may wait for an answer that a later event lets through.
      void pick(weights)();
      await settled();
      if (gate.status === 'signed-out') assert.ok(signedOut);
      ask();
    }
    release();
    edge.instead = [];
    edge.freshFor = '600000';
    edge.principals = { one: people[0] };
    await settled();
    // Gone by: a request that waited, the longest pause after failures.
    for (let wait = 0; wait < 8; wait += 1) await time.pass(15_000);
    gate.refresh();
    await settled();
    for (const one of [0, 1, 2]) {
      gate.can('read', 'Message:fire');
      await time.pass(10 + one);
    }
    assert.equal(gate.check('read', 'Message:fire'), 'allowed');
  });
}

test('the days were not empty', () => {
  assert.ok(answers > 10 * DAYS, `${answers} answers of yes`);
});
