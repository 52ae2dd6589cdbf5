// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Cerbos: the decision point that comes by npm (on Linux, x64), a process beside this one, asked by its gRPC client.
//
// A decision is a round trip through a Unix socket, which is the shortest way there is: bundles for its WebAssembly
// build, which would decide in this process, are made by a hosted service only. The rules are rules of its resource
// policies, the roles and groups of the asker are roles, and where a resource stands is an attribute of it, as its
// documentation has it. The server and its files go with the process group and the temporary folder of the cell, which
// peers.mjs ends.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { above, readRequests, readWorld, typeOf, uidOf } from '../world.mjs';

const requires = createRequire(import.meta.url);

export const name = 'cerbos (PDP)';
/** The server itself. The package `cerbos` only starts it, and needs those for other systems in the lock file. */
export const packageName = '@cerbos/cerbos-linux-x64';

/** @typedef {import('../world.mjs').World} World */

/** Its names of roles may not have everything that a uid has. @param {string} uid */
const roleName = (uid) => uid.replace('::', '-');

/** What must always hold, as when to refuse. */
const REFUSALS = {
  active: '!P.attr.active',
  tenant: 'R.attr.tenant != P.attr.tenant',
  mfa: '!P.attr.mfa && R.attr.secret',
};

/** @param {World} world @param {string} type @returns {object} the policy for one type of resource */
function policy(world, type) {
  const granted = world.grants
    .filter((grant) => grant.type === null || grant.type === type)
    .filter(({ scope, exact }) => scope === null || !exact || typeOf(scope) === type)
    .map(({ principal, actions, scope, exact, attr }) => {
      const asks = [
        scope === null ? '' : exact ? `R.id == "${scope}"` : `"${scope}" in R.attr.path`,
        attr === null ? '' : `R.attr.${attr}`,
      ].filter(Boolean);
      return {
        actions,
        effect: 'EFFECT_ALLOW',
        roles: [principal === null ? '*' : roleName(principal)],
        ...(asks.length ? { condition: { match: { expr: asks.join(' && ') } } } : {}),
      };
    });
  const refused = world.always.map((condition) => {
    return { actions: ['*'], effect: 'EFFECT_DENY', roles: ['*'], condition: { match: { expr: REFUSALS[condition] } } };
  });
  return {
    apiVersion: 'api.cerbos.dev/v1',
    resourcePolicy: { resource: type.toLowerCase(), version: 'default', rules: [...granted, ...refused] },
  };
}

/** @param {string} socket */
const listens = (socket) =>
  new Promise((resolve) => {
    const connection = connect(socket, () => resolve(connection.destroy() && true));
    connection.on('error', () => resolve(false));
  });

/** @param {string} folder */
export async function load(folder) {
  const { GRPC } = requires('@cerbos/grpc');
  const binary = requires.resolve(packageName);
  const world = readWorld(folder);
  const requests = readRequests(folder);
  const scratch = mkdtempSync(join(tmpdir(), 'palisade-cerbos-'));
  mkdirSync(join(scratch, 'policies'));
  for (const type of new Set(requests.map(({ resource }) => resource.type))) {
    writeFileSync(join(scratch, 'policies', `${type}.json`), JSON.stringify(policy(world, type)));
  }
  const [grpc, http] = ['grpc', 'http'].map((kind) => join(scratch, `${kind}.sock`));
  const config = {
    server: { grpcListenAddr: `unix:${grpc}`, httpListenAddr: `unix:${http}` },
    storage: { driver: 'disk', disk: { directory: join(scratch, 'policies'), watchForChanges: false } },
    telemetry: { disabled: true },
  };
  writeFileSync(join(scratch, 'config.json'), JSON.stringify(config));
  const args = ['server', `--config=${join(scratch, 'config.json')}`, '--log-level=error'];
  const server = spawn(binary, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  while (!(await listens(grpc))) {
    if (server.exitCode !== null) throw new Error(`error: cerbos ended with ${server.exitCode} before it listened`);
    await wait(20);
  }
  const client = new GRPC(`unix:${grpc}`, { tls: false });
  const prepared = requests.map(({ principal, action, resource, context }) => {
    const [user, thing] = [uidOf(principal), uidOf(resource)];
    return {
      action: action.id,
      principal: {
        id: user,
        roles: [...above(world.principals, user)].map(roleName),
        attr: { ...world.principals[user].attrs, ...context },
      },
      resource: {
        kind: resource.type.toLowerCase(),
        id: thing,
        attr: { path: [...above(world.resources, thing)], ...world.resources[thing].attrs },
      },
    };
  });
  return {
    /** @param {number} at @returns {Promise<boolean>} */
    decide: (at) => client.isAllowed(prepared[at]),
    close() {
      client.close();
      server.kill('SIGKILL');
    },
  };
}
