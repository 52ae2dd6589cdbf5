// SPDX-License-Identifier: Apache-2.0
// @ts-check
// What a gate answers, and when it asks the edge. Time stands still unless a test lets it pass.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { connect, open } from '../../pkg/index.js';
import { Edge, Time, WASM, name, questions, refuse, settled } from './edge.mjs';

/** @type {Edge} */
let edge;
/** @type {Time} */
let time;
/** @type {any[]} */
let errors;
/** @type {import('../../pkg/index.js').Gate[]} */
let gates;

beforeEach(() => {
  [edge, time, errors, gates] = [new Edge(), new Time(), [], []];
});
afterEach(() => {
  for (const gate of gates) gate.close();
  time.stop();
});

/** @param {any} [options] @returns {any} */
const settings = (options) => ({
  fetch: edge.fetch,
  wasm: WASM,
  now: time.now,
  onError: (/** @type {any} */ error) => errors.push(error),
  ...options,
});

/** A gate, opened. @param {any} [options] */
function opened(options) {
  const gate = open(settings(options));
  gates.push(gate);
  return gate;
}

/** A gate with its first bundle. @param {any} [options] */
async function connected(options) {
  const gate = await connect(settings(options));
  gates.push(gate);
  await settled();
  return gate;
}

/** A gate that has asked for these. @param {string[]} resources */
async function knowing(...resources) {
  return connected({ resources });
}

const EVERYTHING = ['Group', 'Message', 'Model', 'Role', 'Scenario', 'Session', 'User'];

describe('answers', () => {
  for (const pack of ['chat', 'handbook', 'members', 'rag', 'rag-roles', 'workspace']) {
    test(`as the engine does, for everything that is there: ${pack}`, async () => {
      const asked = questions(pack);
      const someone = asked.filter(
        ({ principal }) => name(principal) === name(asked.find((one) => one.allow)?.principal ?? principal),
      );
      const types = [...new Set(asked.map(({ resource }) => resource.type))];
      edge.pack = pack;
      edge.principals = { one: someone[0].principal };
      const gate = await connected({ types });
      let allowed = 0;
      for (const { action, resource, allow } of someone) {
        const text = name(resource);
        assert.equal(gate.can(action.id, text), gate.can(action.id, resource), text);
        if (gate.can(action.id, text)) {
          allowed += 1;
          assert.equal(allow, true, `${action.id} ${text}`);
        } else if (allow) {
          // A type that nobody knows, or a thing that only a grant names.
          assert.equal(gate.explain(action.id, text).code, 'not-found-or-not-yours', `${action.id} ${text}`);
        }
      }
      assert.ok(allowed > 0, `${allowed} of ${someone.length}`);
      assert.deepEqual(errors, []);
    });
  }

  test('what is allowed, what is denied, and what is not there', async () => {
    const gate = await knowing('Message:fire', 'Message:bonus', 'Message:no-such-message');
    assert.equal(gate.can('read', 'Message:fire'), true);
    assert.equal(gate.check('read', 'Message:fire'), 'allowed');
    assert.equal(gate.can('no-such-action', 'Message:fire'), false);
    assert.equal(gate.check('no-such-action', 'Message:fire'), 'denied');
    assert.equal(gate.check('read', 'Message:no-such-message'), 'denied');
    assert.deepEqual(gate.principal, { type: 'User', id: 'ann' });
    assert.equal(gate.revision, 1);
    assert.equal(gate.status, 'ready');
    assert.deepEqual(gate.expires, new Date(time.wall + 60_000));
  });

  test('another principal, another answer', async () => {
    const dan = await connected({ types: EVERYTHING, headers: { authorization: 'Bearer dan' } });
    const ann = await connected({ types: EVERYTHING, headers: async () => ({ authorization: 'Bearer ann' }) });
    assert.deepEqual([ann.can('read', 'Message:fire'), dan.can('read', 'Message:fire')], [true, false]);
    assert.deepEqual([ann.can('update', 'Session:chat-dan'), dan.can('update', 'Session:chat-dan')], [true, true]);
    dan.close();
    assert.equal(ann.can('read', 'Message:fire'), true, 'a gate is no other gate');
  });

  test('a list of what is allowed, from names, entities, rows or a whole type', async () => {
    const gate = await connected({ types: ['Message'] });
    const ids = gate.list('read', 'Message');
    const right = questions('chat')
      .filter(
        ({ principal, action, resource, allow }) =>
          allow && principal.id === 'ann' && action.id === 'read' && resource.type === 'Message',
      )
      .map(({ resource }) => resource.id);
    assert.ok(right.length > 0 && right.every((id) => ids.includes(id)));
    assert.ok(ids.includes('fire'));
    assert.deepEqual(gate.list('read', ['Message:fire', 'Message:none']), ['Message:fire']);
    assert.deepEqual(gate.list('read', [{ type: 'Message', id: 'fire' }]), [{ type: 'Message', id: 'fire' }]);
    const rows = [
      { resource: 'Message:fire', title: 'a' },
      { resource: 'Message:none', title: 'b' },
    ];
    assert.deepEqual(gate.list('read', rows), [rows[0]]);
    assert.deepEqual(
      gate.list('read', [{ key: 'fire' }, { key: 'none' }], undefined, ({ key }) => `Message:${key}`),
      [{ key: 'fire' }],
    );
    assert.deepEqual(gate.list('read', 'Scenario'), [], 'was not loaded whole');
    assert.match(errors[0].message, /Scenario is not among `types`/);
  });

  test('never throws, whatever it is asked', async () => {
    const gate = await connected({ types: EVERYTHING });
    const cyclic = {};
    Object.assign(cyclic, { cyclic });
    const odd = [
      undefined,
      null,
      '',
      ':',
      'Message',
      ':fire',
      42,
      {},
      { type: 'Message' },
      { type: 'Message', id: 42 },
      { type: 'Message:x', id: 'y' },
      { type: '', id: 'x' },
      [],
      10n,
      cyclic,
      Symbol.iterator,
      'Message:\ud800',
      { type: 'Message\ud800', id: '\udc00' },
      {
        get type() {
          throw new Error('no');
        },
      },
    ];
    for (const resource of /** @type {any[]} */ (odd)) {
      assert.equal(gate.can('read', resource), false);
      assert.equal(gate.check('read', resource), 'denied');
      assert.equal(gate.explain('read', resource).state, 'denied');
    }
    for (const action of /** @type {any[]} */ ([undefined, null, 42, {}, '\ud800'])) {
      assert.equal(gate.can(action, 'Message:fire'), false);
    }
    for (const context of /** @type {any[]} */ ([
      null,
      'x',
      [],
      1.5,
      { a: null },
      { a: undefined },
      { a: 1.5 },
      cyclic,
      { a: new Date(0) },
      { a: '\ud800' },
      { a: { __entity: 'Model:x' } },
      { a: { __entity: { type: 'Model', id: 1 } } },
    ])) {
      assert.equal(gate.check('read', 'Message:fire', context), 'denied');
    }
    assert.equal(edge.requests.length, 1, 'nothing of this is asked for');
  });

  test('a mistake in the page is told once', async () => {
    const gate = await connected({ types: EVERYTHING });
    for (let frame = 0; frame < 100; frame += 1)
      gate.can('read', 'Message:fire', { at: /** @type {any} */ (new Date(0)) });
    assert.equal(errors.length, 1);
    assert.match(errors[0].message, /Date is no value of a context/);
  });

  test('onError that throws, and a listener that throws, stop nothing', async (t) => {
    t.mock.method(console, 'error', () => {});
    const gate = await connected({
      types: EVERYTHING,
      onError: () => {
        throw new Error('reporter');
      },
    });
    let called = 0;
    gate.subscribe(() => {
      throw new Error('listener');
    });
    gate.subscribe(() => (called += 1));
    assert.equal(gate.can('read', 'Message:fire', /** @type {any} */ (null)), false);
    await gate.refresh();
    assert.equal(called, 1);
  });

  test('functions may be taken off the gate', async () => {
    const { can, close } = await knowing('Message:fire');
    assert.equal(can('read', 'Message:fire'), true);
    close();
  });

  test('thousands of answers are remembered, and no more', async () => {
    const gate = await connected({ types: EVERYTHING });
    for (let at = 0; at < 25_000; at += 1) assert.equal(gate.can('read', `Message:${at}`), false);
    assert.equal(gate.can('read', 'Message:fire'), true);
  });
});

describe('hostile ids', () => {
  const ids = [`'"><script>`, 'a&type=Document', '#?%00', 'ü 🙂 ﷽', 'a:b:c', '', '=', '\n\t', '\u202e', '__proto__'];

  test('arrive as they are, in an address and in a body', async () => {
    const few = opened();
    for (const id of ids) few.can('read', `Message:${id}`);
    await settled();
    assert.deepEqual(edge.requests[0].resources.toSorted(), ids.map((id) => `Message:${id}`).toSorted());
    const many = [...ids, 'x'.repeat(2_000)].map((id) => `Message:${id}`);
    opened({ resources: many });
    await settled();
    assert.equal(edge.requests[1].method, 'POST');
    assert.deepEqual(edge.requests[1].resources.toSorted(), many.toSorted());
  });

  test('are denied, and the two ways of writing one mean the same', async () => {
    const gate = await connected({ resources: ids.map((id) => ({ type: 'Message', id })) });
    for (const id of ids) {
      assert.equal(gate.check('read', `Message:${id}`), 'denied');
      assert.equal(gate.check('read', { type: 'Message', id }), 'denied');
    }
  });
});

describe('pending', () => {
  test('until the first bundle is there', async () => {
    const gate = opened({ types: ['Message'] });
    assert.equal(gate.status, 'connecting');
    assert.equal(gate.check('read', 'Message:fire'), 'pending');
    assert.equal(gate.can('read', 'Message:fire'), false);
    assert.equal(gate.explain('read', 'Message:fire').code, 'pending');
    await gate.ready;
    assert.equal(gate.check('read', 'Message:fire'), 'allowed');
  });

  test('what is asked about at once is in the first request', async () => {
    const gate = opened();
    gate.can('read', 'Message:fire');
    gate.can('use', 'Scenario:contracts', { model: { __entity: { type: 'Model', id: 'deep' } } });
    await gate.ready;
    assert.equal(edge.requests.length, 1);
    assert.deepEqual(edge.requests[0].resources, ['Message:fire', 'Scenario:contracts']);
    assert.deepEqual(edge.requests[0].context, ['Model:deep']);
  });

  test('what was not asked for is fetched, together with what else is asked about within 10 ms', async () => {
    const gate = await knowing('Message:fire');
    let calls = 0;
    gate.subscribe(() => (calls += 1));
    assert.equal(gate.check('read', 'Message:stray'), 'pending');
    await time.pass(9);
    assert.equal(gate.check('read', 'Scenario:drafting'), 'pending');
    assert.equal(edge.requests.length, 1);
    await time.pass(1);
    assert.equal(edge.requests.length, 2);
    assert.deepEqual(edge.requests[1].resources, ['Message:fire', 'Message:stray', 'Scenario:drafting']);
    assert.deepEqual([gate.can('read', 'Message:stray'), gate.can('read', 'Scenario:drafting')], [true, true]);
    assert.equal(calls, 1);
  });

  test('what is asked about while a request is under way waits for the next', async () => {
    const gate = await knowing('Message:fire');
    const release = edge.hold();
    gate.can('read', 'Message:stray');
    await time.pass(10);
    gate.can('read', 'Message:water');
    await time.pass(1_000);
    assert.equal(edge.requests.length, 2);
    release();
    await settled();
    assert.equal(gate.check('read', 'Message:stray'), 'allowed');
    assert.equal(gate.check('read', 'Message:water'), 'pending');
    await time.pass(10);
    assert.equal(edge.requests.length, 3);
    assert.equal(gate.check('update', 'Message:water'), 'allowed');
  });

  test('once it is known that there is none, it is denied and not asked for again', async () => {
    const gate = await knowing('Message:fire');
    gate.can('read', 'Message:none');
    await time.pass(10);
    assert.equal(gate.check('read', 'Message:none'), 'denied');
    await time.pass(1_000);
    assert.equal(edge.requests.length, 2);
  });

  test('so are entities that a context names, anywhere in it', async () => {
    const deep = { model: { __entity: { type: 'Model', id: 'deep' } } };
    const loose = { model: { __entity: { type: 'Model', id: 'loose' } } };
    // A type that is loaded whole answers for resources: as a context, an entity is asked for by itself.
    const gate = await connected({ types: ['Scenario', 'Model'] });
    assert.equal(gate.check('use', 'Scenario:contracts'), 'allowed');
    assert.equal(gate.check('use', 'Scenario:contracts', {}), 'allowed');
    assert.equal(gate.check('use', 'Scenario:contracts', deep), 'pending');
    assert.equal(gate.check('use', 'Scenario:contracts', loose), 'pending');
    await time.pass(10);
    assert.deepEqual(edge.requests[1].context, ['Model:deep', 'Model:loose']);
    assert.equal(gate.check('use', 'Scenario:contracts', deep), 'allowed');
    assert.equal(gate.check('use', 'Scenario:contracts', loose), 'denied');
    assert.equal(gate.explain('use', 'Scenario:contracts', loose).code, 'forbidden');
    const nested = { a: [{ b: [loose.model, { __entity: { type: 'Model', id: 'elsewhere' } }] }] };
    assert.equal(gate.check('use', 'Scenario:contracts', nested), 'pending');
  });
});

describe('requests', () => {
  test('are revalidated by the browser, with what the page gives', async () => {
    await connected({ headers: () => ({ authorization: 'Bearer dan', 'x-tenant': '7' }), types: ['User', 'Role'] });
    const [{ method, cache, credentials, headers, types }] = edge.requests;
    assert.deepEqual([method, cache, credentials], ['GET', 'no-cache', undefined], 'cookies as `fetch` sends them');
    assert.deepEqual([headers.get('authorization'), headers.get('x-tenant')], ['Bearer dan', '7']);
    assert.deepEqual(types, ['User', 'Role']);
  });

  test('of more than 2,000 characters are posted, and say what is held', async () => {
    const url = '/.palisade/bundle';
    const fill = (/** @type {number} */ length) =>
      `Message:${'x'.repeat(length - `${url}?resource=Message%3A`.length)}`;
    await connected({ resources: [fill(2_000)] });
    const gate = await connected({ resources: [fill(2_001)], headers: { authorization: 'Bearer ann' } });
    assert.deepEqual(
      edge.requests.map(({ method, length }) => [method, length]),
      [
        ['GET', 2_000],
        ['POST', url.length],
      ],
    );
    assert.equal(edge.requests[1].headers.get('content-type'), 'application/json');
    assert.equal(edge.requests[1].headers.get('authorization'), 'Bearer ann');
    assert.equal(edge.requests[1].unless, undefined);
    const before = gate.expires;
    await time.pass(1_000);
    await gate.refresh();
    // 204: what is held is still right, and may be used for longer.
    assert.match(edge.requests[2].unless ?? '', /^"[0-9a-f]{16}"$/);
    assert.equal(Number(gate.expires) - Number(before), 1_000);
    edge.revision = 2;
    await gate.refresh();
    assert.equal(gate.revision, 2);
  });

  test('an answer with the same etag keeps what is held, and its time begins anew', async () => {
    const gate = await knowing('Message:fire');
    await time.pass(30_000);
    await gate.refresh();
    assert.equal(gate.can('read', 'Message:fire'), true);
    assert.deepEqual(gate.expires, new Date(time.wall + 60_000));
  });

  test('come every minute, or before the time is up', async () => {
    edge.freshFor = '3600000';
    await connected();
    await time.pass(59_999);
    assert.equal(edge.requests.length, 1);
    await time.pass(1);
    assert.equal(edge.requests.length, 2);
    edge.freshFor = '20000';
    await time.pass(60_000);
    assert.equal(edge.requests.length, 3);
    await time.pass(14_999);
    assert.equal(edge.requests.length, 3);
    await time.pass(1);
    assert.equal(edge.requests.length, 4, 'five seconds before');
  });

  test('with `every: 0` only before the time is up', async () => {
    edge.freshFor = '3600000';
    await connected({ every: 0 });
    await time.pass(3_594_999);
    assert.equal(edge.requests.length, 1);
    await time.pass(1);
    assert.equal(edge.requests.length, 2);
  });

  test('refresh during a request asks once more, whoever calls', async () => {
    const gate = await knowing('Message:fire');
    const release = edge.hold();
    const first = gate.refresh();
    await settled();
    edge.revision = 2;
    const later = [gate.refresh(), gate.refresh(), gate.refresh()];
    release();
    await first;
    assert.equal(gate.revision, 1);
    await Promise.all(later);
    assert.equal(gate.revision, 2);
    assert.equal(edge.requests.length, 3);
  });

  test('what nobody asked about during three renewals is dropped, what is pinned is not', async () => {
    const gate = await knowing('Message:fire');
    let shown = false;
    gate.subscribe(() => shown && gate.can('read', 'Message:stray'));
    gate.can('read', 'Message:stray');
    gate.can('read', 'Message:water');
    await time.pass(10);
    shown = true;
    for (let renewal = 0; renewal < 4; renewal += 1) await gate.refresh();
    assert.deepEqual(edge.requests.at(-1)?.resources, ['Message:fire', 'Message:stray']);
    assert.deepEqual(edge.requests.at(-2)?.resources, ['Message:fire', 'Message:stray', 'Message:water']);
  });

  test('name 2,000 things at most: the least recently used go, those in use stay', async () => {
    const gate = await connected();
    for (let at = 0; at < 1_500; at += 1) gate.can('read', `Message:old-${at}`);
    await time.pass(10);
    for (let at = 0; at < 1_000; at += 1) gate.can('read', `Message:new-${at}`);
    await time.pass(10);
    const asked = edge.requests[2].resources;
    assert.equal(asked.length, 2_000);
    assert.equal(asked.filter((one) => one.startsWith('Message:new')).length, 1_000);
    assert.ok(asked.includes('Message:old-1499') && !asked.includes('Message:old-499'));
    // A page that shows more than that gets no answer for the rest, and no endless requests.
    gate.subscribe(() => {
      for (let at = 0; at < 2_500; at += 1) gate.can('read', `Message:row-${at}`);
    });
    await gate.refresh();
    for (let wait = 0; wait < 20; wait += 1) await time.pass(10);
    assert.equal(edge.requests.length, 5);
    assert.equal(gate.check('read', 'Message:row-1999'), 'denied');
    assert.equal(gate.check('read', 'Message:row-2000'), 'pending');
    assert.match(errors[0].message, /more than 2000/);
  });
});

describe('time', () => {
  test('is over to the millisecond, and what is asked then renews', async () => {
    const gate = await knowing('Message:fire');
    const release = edge.hold();
    await time.pass(59_999);
    assert.equal(gate.can('read', 'Message:fire'), true);
    assert.equal(gate.status, 'ready');
    await time.pass(1);
    assert.equal(gate.can('read', 'Message:fire'), false);
    assert.equal(gate.check('read', 'Message:fire'), 'pending');
    assert.equal(gate.explain('read', 'Message:fire').code, 'expired');
    assert.equal(gate.status, 'expired');
    release();
    await settled();
    assert.equal(gate.can('read', 'Message:fire'), true, 'another answer came');
  });

  test('is counted from when the request was sent', async () => {
    const release = edge.hold();
    const gate = opened({ resources: ['Message:fire'] });
    await settled();
    await time.pass(20_000);
    release();
    await gate.ready;
    await settled();
    edge.hold();
    await time.pass(39_999);
    assert.equal(gate.can('read', 'Message:fire'), true);
    await time.pass(1);
    assert.equal(gate.can('read', 'Message:fire'), false);
  });

  test('goes by while the machine sleeps, though no timer fires', async () => {
    const gate = await knowing('Message:fire');
    assert.equal(gate.can('read', 'Message:fire'), true, 'and is remembered');
    time.wall += 60_000;
    assert.equal(gate.can('read', 'Message:fire'), false);
    await settled();
    assert.equal(edge.requests.length, 2, 'asked at once');
    assert.equal(gate.can('read', 'Message:fire'), true);
  });

  test('goes by though the clock is set back', async () => {
    const gate = await knowing('Message:fire');
    edge.instead = Array(9).fill(() => refuse(503, 'away', 'away'));
    assert.equal(gate.can('read', 'Message:fire'), true, 'and is remembered');
    time.wall -= 86_400_000;
    time.steady += 60_000;
    assert.equal(gate.can('read', 'Message:fire'), false);
    assert.equal(gate.status, 'expired');
  });

  test('listeners hear of its end', async () => {
    const gate = await connected({ resources: ['Message:fire'] });
    edge.instead = Array(99).fill(() => Promise.reject(new TypeError('offline')));
    /** @type {string[]} */
    const heard = [];
    gate.subscribe(() => heard.push(gate.check('read', 'Message:fire')));
    await time.pass(60_000);
    assert.deepEqual(heard, ['pending']);
  });

  for (const freshFor of [undefined, '', 'soon', '-1', '1e9', '0', '60000, 60000']) {
    test(`of ${JSON.stringify(freshFor)} is none: nothing is used`, async () => {
      edge.freshFor = freshFor;
      const gate = opened({ resources: ['Message:fire'] });
      await settled();
      assert.equal(gate.check('read', 'Message:fire'), 'pending');
      assert.equal(gate.status, 'connecting');
      assert.match(errors[0].message, /Palisade-Fresh-For/);
      edge.freshFor = '60000';
      await time.pass(1_000);
      assert.equal(gate.can('read', 'Message:fire'), true);
    });
  }

  test('an answer that comes when its time is over is not used', async () => {
    const release = edge.hold();
    edge.freshFor = '500';
    const gate = opened({ resources: ['Message:fire'] });
    await settled();
    await time.pass(500);
    release();
    await settled();
    assert.equal(gate.status, 'connecting');
    assert.equal(gate.can('read', 'Message:fire'), false);
  });
});

describe('an edge that is away', () => {
  test('what is held is used until its time is up, then nothing', async () => {
    const gate = await knowing('Message:fire');
    edge.instead = Array(99).fill(() => Promise.reject(new TypeError('offline')));
    await gate.refresh();
    assert.equal(gate.can('read', 'Message:fire'), true);
    await time.pass(59_999);
    assert.equal(gate.can('read', 'Message:fire'), true);
    await time.pass(1);
    assert.equal(gate.can('read', 'Message:fire'), false);
    assert.equal(gate.status, 'expired');
    edge.instead = [];
    await time.pass(60_000);
    assert.equal(gate.can('read', 'Message:fire'), true);
  });

  test('is asked again, more and more rarely, and connect waits', async (t) => {
    t.mock.method(Math, 'random', () => 1);
    edge.instead = [1, 2, 3].map(() => () => refuse(503, 'stale', 'the revision is not here yet'));
    let there = false;
    const coming = connect(settings({ resources: ['Message:fire'] })).then((gate) => {
      gates.push(gate);
      there = true;
    });
    await settled();
    for (const [pause, requests] of [
      [999, 1],
      [1, 2],
      [1_999, 2],
      [1, 3],
      [3_999, 3],
      [1, 4],
    ]) {
      await time.pass(pause);
      assert.equal(edge.requests.length, requests);
    }
    await coming;
    assert.equal(there, true);
    assert.equal(errors.length, 3);
    assert.match(errors[0].message, /^palisade: the edge answers 503 the revision is not here yet$/);
    assert.equal(errors[0].code, 'stale');
  });

  test('says how long to wait, and is left alone', async () => {
    const gate = await knowing('Message:fire');
    edge.instead = [() => refuse(503, 'busy', 'busy', { 'retry-after': '40' })];
    await gate.refresh();
    gate.can('read', 'Message:stray');
    await time.pass(39_999);
    assert.equal(edge.requests.length, 2);
    await time.pass(1);
    assert.equal(edge.requests.length, 3);
    assert.equal(gate.can('read', 'Message:stray'), true);
  });

  test('may say until when instead', async () => {
    const gate = await knowing('Message:fire');
    const until = new Date(Date.now() + 40_000).toUTCString();
    edge.instead = [() => refuse(503, 'busy', 'busy', { 'retry-after': until })];
    await gate.refresh();
    await time.pass(38_000);
    assert.equal(edge.requests.length, 2);
    await time.pass(2_000);
    assert.equal(edge.requests.length, 3);
  });

  test('expired, it is not asked at every `can`', async () => {
    const gate = await knowing('Message:fire');
    edge.instead = Array(99).fill(() => Promise.reject(new TypeError('offline')));
    await time.pass(60_000);
    const before = edge.requests.length;
    for (let frame = 0; frame < 50; frame += 1) {
      gate.can('read', 'Message:fire');
      await settled();
    }
    assert.ok(edge.requests.length <= before + 1, `${edge.requests.length - before} requests`);
  });

  test('that never answers is given up after 30 seconds, and a late answer is dropped', async () => {
    const gate = await knowing('Message:fire');
    const release = edge.hold();
    gate.refresh();
    await time.pass(30_000);
    assert.match(errors[0].message, /no answer/);
    edge.door = Promise.resolve();
    edge.principals = { dan: { type: 'User', id: 'dan' } };
    edge.revision = 2;
    await time.pass(1_000);
    assert.deepEqual([gate.principal?.id, gate.revision], ['dan', 2]);
    release();
    await settled();
    assert.deepEqual([gate.principal?.id, gate.revision], ['dan', 2]);
    assert.equal(gate.can('read', 'Message:fire'), false);
  });
});

describe('refusals', () => {
  test('401 forgets everything, and signing in brings it back', async () => {
    const gate = await knowing('Message:fire');
    gate.can('read', 'Message:stray');
    await time.pass(10);
    let calls = 0;
    gate.subscribe(() => (calls += 1));
    edge.instead = [() => refuse(401, 'expired-token', 'nobody')];
    await gate.refresh();
    assert.equal(calls, 1);
    assert.equal(gate.status, 'signed-out');
    assert.deepEqual([gate.principal, gate.revision, gate.expires], [undefined, undefined, undefined]);
    assert.equal(gate.check('read', 'Message:fire'), 'denied');
    assert.deepEqual(gate.explain('read', 'Message:fire').code, 'signed-out');
    await time.pass(600_000);
    assert.equal(edge.requests.length, 3, 'nobody is there to ask for');
    edge.principals = { dan: { type: 'User', id: 'dan' } };
    await gate.refresh();
    assert.equal(gate.status, 'ready');
    assert.deepEqual(edge.requests[3].resources, ['Message:fire'], 'what the page named, not what was looked at');
    assert.equal(gate.can('read', 'Message:fire'), false, 'dan may not');
  });

  test('make connect fail, in words', async () => {
    for (const [status, words] of /** @type {[number, RegExp][]} */ ([
      [400, /400 no such type/],
      [401, /nobody is signed in/],
      [403, /403/],
      [404, /404/],
      [413, /413/],
    ])) {
      edge.instead = [() => refuse(status, 'some-code', 'no such type')];
      await assert.rejects(connect(settings()), (/** @type {any} */ error) => {
        assert.match(error.message, words);
        assert.deepEqual([error.status, error.code], [status, 'some-code']);
        return true;
      });
    }
    await time.pass(600_000);
    assert.equal(edge.requests.length, 5, 'none of them is tried again');
  });

  test('of something that is no bundle', async () => {
    edge.instead = [
      () => new Response('<!doctype html><title>Sign in</title>', { headers: { 'palisade-fresh-for': '1000' } }),
    ];
    await assert.rejects(connect(settings()), /no bundle/);
    edge.instead = [() => new Response('', { headers: { 'palisade-fresh-for': '1000' } })];
    await assert.rejects(connect(settings()), /no bundle/);
    edge.more = { format: 2 };
    await assert.rejects(connect(settings()), /built for another version of Palisade/);
    edge.more = { principal: 'User' };
    await assert.rejects(connect(settings()), /built for another version of Palisade/);
  });

  test('of an engine that is not there, once; another gate can start it', async () => {
    const wasm = new Response('', { status: 404 });
    await assert.rejects(connect(settings({ wasm })), /the engine does not start: .* answers 404/);
    assert.ok(await connected());
  });

  test('later are told, and what is held is used until its time is up', async () => {
    const gate = await knowing('Message:fire');
    edge.more = { format: 2 };
    edge.revision = 2;
    await gate.refresh();
    assert.match(errors[0].message, /another version/);
    assert.equal(gate.can('read', 'Message:fire'), true);
    edge.instead = [() => refuse(403, 'not-here', 'not from this address')];
    await gate.refresh();
    assert.match(errors[1].message, /403 not from this address/);
    assert.equal(gate.can('read', 'Message:fire'), true);
    edge.more = {};
    edge.instead = Array(99).fill(() => refuse(500, '', ''));
    await time.pass(60_000);
    assert.equal(gate.can('read', 'Message:fire'), false);
  });

  test('of what is too much make it ask for less', async () => {
    const gate = await connected();
    for (let at = 0; at < 100; at += 1) gate.can('read', `Message:${at}`);
    edge.instead = [() => refuse(413, 'too-much', 'too much is asked for')];
    await time.pass(10);
    assert.match(errors[0].message, /413 too much/);
    await time.pass(1_000);
    assert.equal(edge.requests.at(-1)?.resources.length, 50);
    assert.equal(gate.check('read', 'Message:99'), 'denied');
  });

  test('a bundle that is damaged is not used', async () => {
    const gate = await knowing('Message:fire');
    const broken = edge.answer('/', {});
    const bytes = Buffer.from(await /** @type {Response} */ (broken).arrayBuffer());
    bytes[bytes.length - 5] ^= 1;
    edge.instead = [() => new Response(bytes, { headers: { 'palisade-fresh-for': '60000', etag: '"x"' } })];
    await gate.refresh();
    assert.match(errors[0].message, /cannot be read/);
    assert.equal(gate.can('read', 'Message:fire'), true);
  });

  test('an unhandled one breaks nothing', async () => {
    edge.instead = [() => refuse(401, '', '')];
    const gate = opened();
    await settled();
    assert.equal(gate.status, 'signed-out');
    await assert.rejects(gate.ready, /nobody is signed in/);
  });
});

describe('gate.fetch', () => {
  for (const status of [401, 403]) {
    test(`a ${status} renews what is held, but not at every one`, async () => {
      const gate = await knowing('Message:fire');
      await time.pass(10_000);
      const api = () => {
        edge.instead = [() => new Response('', { status })];
        return gate.fetch('/api');
      };
      assert.equal((await api()).status, status);
      await settled();
      const asked = () => edge.requests.length;
      assert.equal(asked(), 3, 'the API, and a renewal');
      for (let at = 0; at < 10; at += 1) await api();
      await settled();
      assert.equal(asked(), 13, 'the API only');
      await time.pass(5_000);
      assert.equal(asked(), 14, 'and one renewal for all of them');
    });
  }

  test('anything else does not, and no header is added', async () => {
    const gate = await connected({ headers: { authorization: 'Bearer ann' } });
    await time.pass(10_000);
    edge.instead = [() => new Response('fine')];
    assert.equal(await (await gate.fetch('https://elsewhere.example/')).text(), 'fine');
    await time.pass(6_000);
    assert.equal(edge.requests.length, 2);
    assert.equal(edge.requests[1].headers.get('authorization'), null);
  });
});

describe('a new bundle', () => {
  test('replaces the old one in one step, answers that were remembered too', async () => {
    const gate = await connected({ types: EVERYTHING });
    assert.deepEqual([gate.can('read', 'Message:fire'), gate.can('no', 'Message:fire')], [true, false]);
    /** @type {any[]} */
    const heard = [];
    gate.subscribe(() => heard.push([gate.principal?.id, gate.can('read', 'Message:fire'), gate.revision]));
    edge.principals = { dan: { type: 'User', id: 'dan' } };
    edge.revision = 2;
    await gate.refresh();
    assert.deepEqual(heard, [['dan', false, 2]]);
  });

  test('lets go of the old one', async () => {
    const gate = await knowing('Message:fire');
    for (edge.revision = 2; edge.revision < 300; edge.revision += 1) await gate.refresh();
    assert.equal(gate.can('read', 'Message:fire'), true);
    assert.deepEqual(errors, []);
  });

  test('comes no more after close', async () => {
    const gate = await knowing('Message:fire');
    const release = edge.hold();
    let calls = 0;
    gate.subscribe(() => (calls += 1));
    gate.refresh();
    await settled();
    gate.close();
    assert.equal(calls, 1, 'answers change once');
    assert.equal(gate.status, 'closed');
    release();
    await time.pass(600_000);
    assert.equal(gate.status, 'closed');
    assert.equal(gate.check('read', 'Message:fire'), 'pending');
    assert.equal(calls, 1);
    await gate.refresh();
    assert.equal(edge.requests.length, 2);
    assert.deepEqual(errors, []);
  });

  test('tells no listener that has gone, and each as often as it came', async () => {
    const gate = await knowing('Message:fire');
    let calls = 0;
    const listener = () => (calls += 1);
    const [first] = [gate.subscribe(listener), gate.subscribe(listener)];
    await gate.refresh();
    assert.equal(calls, 2);
    first();
    first();
    await gate.refresh();
    assert.equal(calls, 3);
  });
});

describe('explain', () => {
  const said = (/** @type {any} */ gate, /** @type {any[]} */ ...asked) => {
    const { code, text } = gate.explain(...asked);
    return [code, text];
  };

  test('says in words what holds', async () => {
    const gate = await connected({ types: EVERYTHING });
    assert.deepEqual(said(gate, 'read', 'Message:fire'), ['allowed', 'Here you may: read.']);
    assert.deepEqual(said(gate, 'document:move_up', 'Message:fire'), [
      'no-grant',
      'Nothing gives you the permission “move up” here. Here you may: delete, read, update.',
    ]);
    assert.deepEqual(gate.explain('read', 'Message:fire').allowed.toSorted(), ['delete', 'read', 'update']);
    const loose = gate.explain('update', 'Role:1');
    assert.deepEqual([loose.code, loose.state, loose.reasons], ['forbidden', 'denied', ['chat/system-role']]);
    assert.match(loose.text, /^chat\/system-role/);
  });

  // The edge leaves out a thing with which nothing may be done, whatever the context (tests/page/privacy.rs).
  test('a thing that the bundle does not have is one with which one may do nothing', async () => {
    const gate = await connected({ types: EVERYTHING });
    const nothing = gate.explain('read', 'Message:none');
    assert.deepEqual([nothing.code, nothing.state, nothing.allowed], ['not-found-or-not-yours', 'denied', []]);
    assert.equal(nothing.text, 'There is no such thing, or none that you may use.');
  });
});

describe('on a server', () => {
  test('there is a gate at once, and it asks nothing', async () => {
    const options = settings({ fetch: undefined, types: ['Message'] });
    const gate = await connect(options);
    gates.push(gate);
    assert.equal(gate.status, 'connecting');
    assert.equal(gate.check('read', 'Message:fire'), 'pending');
    assert.equal(gate.can('read', 'Message:fire'), false);
    assert.deepEqual(gate.list('read', 'Message'), []);
    await gate.ready;
    await gate.refresh();
    gate.subscribe(() => {})();
    await time.pass(600_000);
    assert.deepEqual(errors, []);
    gate.close();
    assert.equal(gate.status, 'closed');
  });

  test('unless it is told to', async (t) => {
    t.mock.method(globalThis, 'fetch', edge.fetch);
    const gate = await connected({ fetch: undefined, server: true, resources: ['Message:fire'] });
    assert.equal(gate.can('read', 'Message:fire'), true);
  });
});
