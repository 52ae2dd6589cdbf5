// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Every route of every pack, in real workerd with D1: an allowed request reaches the origin, a refused one never does.
//
// Who may do what is not written here. For each route the pack's own tests name candidates (who, on what); the native
// command decides them by SQLite at this moment, and the gate must come to the same by D1.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse } from 'smol-toml';
import { startOrigin } from '../../tools/origin.mjs';
import { issuers, token, trialKey } from '../../tools/token.mjs';
import { startEdge } from './worker.mjs';

const PACKS = ['chat', 'handbook', 'rag', 'rag-roles', 'members', 'workspace'];
const scratch = mkdtempSync(join(tmpdir(), 'palisade-edge-'));
const key = trialKey(join(scratch, 'key.pem'));

/**
 * @typedef {{ type: string, id: string }} Source
 * @typedef {{ method: string | string[], path: string, public?: boolean, action?: string, resource?: Source, context?: Record<string, Source | string> }} Route
 * @typedef {{ principal: string, action: string, resource: string, context?: Record<string, any>, rows?: string }} Case
 * @typedef {{ path: string, init: RequestInit }} Asked
 */

/** @param {string[]} args */
function palisade(args) {
  const done = spawnSync('target/debug/palisade', args, { encoding: 'utf8' });
  if (done.error) throw done.error;
  if (done.status === 2) throw new Error(`palisade ${args.join(' ')}: ${done.stderr}${done.stdout}`);
  return done;
}

/** An entity literal's type and id. @param {string} literal @returns {[string, string]} */
function entity(literal) {
  const [, type, id] = /^(\w+)::"(.*)"$/s.exec(literal) ?? [];
  return [type, id];
}

/**
 * The request by which a route asks about this resource; undefined where the route cannot ask it so.
 * @param {Route} route @param {string} method @param {Case} one
 * @returns {Asked | undefined}
 */
function request(route, method, one) {
  const [, id] = entity(one.resource);
  /** @type {Map<string, string>} */
  const path = new Map();
  const query = new URLSearchParams();
  /** @type {any} */
  let body;
  /** @param {string} template @param {string} value */
  const put = (template, value) => {
    const [, name] = /^\{([^}]*)\}$/.exec(template) ?? [];
    if (!name) return template === value;
    if (name.startsWith('query.')) query.set(name.slice('query.'.length), value);
    else if (name.startsWith('body.')) {
      body ??= {};
      let at = body;
      const steps = name.slice('body./'.length).split('/');
      for (const step of steps.slice(0, -1)) at = at[step] ??= {};
      at[steps[steps.length - 1]] = value;
    } else if (name.startsWith('header.')) return false;
    else path.set(name, value);
    return true;
  };
  const [type] = entity(one.resource);
  if (!route.resource || type !== route.resource.type || !put(route.resource.id, id)) return undefined;
  for (const name of Object.keys(one.context ?? {})) if (!route.context?.[name]) return undefined;
  for (const [name, source] of Object.entries(route.context ?? {})) {
    const value = one.context?.[name];
    if (value === undefined) continue;
    if (typeof source === 'string') put(source, String(value));
    else put(source.id, (value.__entity ?? value).id);
  }
  const text = route.path.replace(/\{([^}]+)\}/g, (_, name) =>
    name.endsWith('...') ? 'some/where' : encodeURIComponent(path.get(name) ?? 'any'),
  );
  const search = query.size > 0 ? `?${query}` : '';
  const needsBody = JSON.stringify(route).includes('{body.');
  /** @type {RequestInit} */
  const init = { method };
  if (needsBody || body) {
    init.body = JSON.stringify(body ?? {});
    init.headers = { 'content-type': 'application/json' };
  }
  return { path: text + search, init };
}

for (const name of PACKS) {
  describe(name, () => {
    /** @type {Route[]} */
    const routes = /** @type {any} */ (parse(readFileSync(`policies/${name}/routes.toml`, 'utf8'))).route;
    /** @type {Case[]} */
    const cases = /** @type {any} */ (parse(readFileSync(`policies/${name}/tests.toml`, 'utf8'))).test;
    const db = join(scratch, `${name}.db`);
    /** @type {import('./worker.mjs').Edge} */
    let edge;
    /** @type {Awaited<ReturnType<typeof startOrigin>>} */
    let origin;
    before(async () => {
      palisade(['load', `policies/${name}`, '--db', db]);
      palisade(['compile', `policies/${name}`, '--db', db, '--out', join(scratch, name)]);
      origin = await startOrigin({ count: true });
      edge = await startEdge({ ORIGIN: origin.url, ISSUERS: issuers(key) });
      for (const file of [join(scratch, name, 'schema.sql'), `policies/${name}/sample.sql`, join(scratch, name, 'publish.sql')]) {
        await edge.script(readFileSync(file, 'utf8'));
      }
    });
    after(async () => {
      await edge?.close();
      await origin?.close();
    });

    const reached = async () => (await (await fetch(`${origin.url}/__count`)).json()).count;

    /** @param {Case} one */
    const decide = (one) => {
      const args = ['decide', `policies/${name}`, '--db', db, '--json', '--principal', one.principal];
      args.push('--action', one.action, '--resource', one.resource);
      if (one.context) args.push('--context', JSON.stringify(one.context));
      return JSON.parse(palisade(args).stdout).decision;
    };

    /**
     * A request that the native command decides like this, made from the pack's tests.
     * @param {Route} route @param {string} method @param {'allow' | 'deny'} wanted
     */
    const find = (route, method, wanted) => {
      const own = cases.filter((one) => one.action === route.action && !one.rows && entity(one.principal)[0] === 'User');
      // Where no test of the pack fits, anybody on anything will do.
      const any = literals(route.resource?.type).flatMap((resource) =>
        literals('User').map((principal) => ({ principal, action: route.action ?? '', resource })),
      );
      for (const one of [...own, ...any]) {
        const asked = request(route, method, one);
        if (asked && decide(one) === wanted) return { ...asked, subject: entity(one.principal)[1] };
      }
      return undefined;
    };

    /** Every entity of a type that has a row. @param {string} [type] @returns {string[]} */
    const literals = (type) =>
      JSON.parse(readFileSync(join(scratch, name, 'entities.json'), 'utf8'))
        .filter((/** @type {any} */ one) => one.uid.type === type && /^[\w-]+$/.test(one.uid.id))
        .map((/** @type {any} */ one) => `${type}::"${one.uid.id}"`);

    for (const route of routes) {
      for (const method of [route.method].flat()) {
        if (route.public) {
          test(`${method} ${route.path} is public`, async () => {
            const at = await reached();
            const path = route.path.replace(/\{[^}]+\}/g, 'some/where');
            const response = await edge.fetch(encodeURI(path), { method });
            assert.equal(response.status, 200);
            assert.equal(await reached(), at + 1);
          });
          continue;
        }
        test(`${method} ${route.path} lets through whom the rows allow`, async () => {
          const asked = find(route, method, 'allow');
          assert.ok(asked, `no test of the pack allows ${route.action} on a ${route.resource?.type}: add one`);
          const at = await reached();
          const response = await edge.fetch(asked.path, authorized(asked.init, token(key, asked.subject)));
          const text = await response.text();
          assert.equal(response.status, 200, `${asked.subject} ${asked.path}: ${text}`);
          assert.equal(await reached(), at + 1, 'the origin was asked once');
          const echo = JSON.parse(text);
          assert.deepEqual([echo.method, echo.path], [method, asked.path]);
          assert.match(echo.palisade['palisade-principal'], /User/);
        });
        test(`${method} ${route.path} refuses whom they do not`, async () => {
          const asked = find(route, method, 'deny');
          assert.ok(asked, `no test of the pack denies ${route.action} on a ${route.resource?.type}: add one`);
          const at = await reached();
          const response = await edge.fetch(asked.path, authorized(asked.init, token(key, asked.subject)));
          assert.equal(response.status, 403, `${asked.subject} ${asked.path}`);
          assert.equal(response.headers.get('content-type'), 'application/problem+json');
          const stranger = await edge.fetch(asked.path, asked.init);
          assert.equal(stranger.status, 401);
          assert.equal(await reached(), at, 'the origin was not asked');
        });
      }
    }

    test('a path that no route names is refused', async () => {
      const at = await reached();
      const response = await edge.fetch('/no/such/path', authorized({}, token(key, 'ann')));
      assert.equal(response.status, 404);
      assert.equal(await reached(), at);
    });
  });
}

/** @param {RequestInit} init @param {string} bearer @returns {RequestInit} */
function authorized(init, bearer) {
  return { ...init, headers: { .../** @type {any} */ (init.headers), authorization: `Bearer ${bearer}` } };
}
