// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Refused requests in every disguise, as bytes on workerd's own socket, before an application that takes a request for
// whatever anybody could take it for (lenient.mjs). However a refused request is written, that application must not come to
// serve what the routes and the engine refuse its caller: each mutation is refused, or what reaches the application is
// harmless in each of its readings.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readingsOf, startLenient } from './lenient.mjs';
import { compiled, membersWith, publish, raw, startPlatform, statuses } from './platform.mjs';

/** Mutations that this file must make at least. */
const LEAST = 300;

/** The members' pack, with more that is public: behind an open door there is most to be had. */
const pack = membersWith(`
[[route]]
method = "GET"
path = "/assets/{rest...}"
public = true

[[route]]
method = "GET"
path = "/search"
public = true
`);

/** Who asks, by the token that is sent. */
const CALLERS = /** @type {const} */ ({ nobody: undefined, cleo: 'demo-cleo', ben: 'demo-ben' });
/** @typedef {keyof typeof CALLERS} Caller */

/** @type {import('./platform.mjs').Platform} */
let platform;
/** @type {Awaited<ReturnType<typeof startLenient>>} */
let origin;
before(async () => {
  origin = await startLenient();
  platform = await startPlatform({
    gate: { ORIGIN: origin.url, TOKEN_COOKIE: 'session', IDENTITY_HEADERS: 'X-Webauth-User' },
  });
  await publish(platform, compiled(pack));
});
after(async () => {
  await platform?.close();
  await origin?.close();
});

// --- What the routes and the engine let each of them do ---

const PUBLIC = { GET: /^\/(assets\/.*|search|healthz)$/s, POST: /^\/auth\/.*$/s };
const GUARDED =
  /^\/+(users|admin|internal|items|groups|sessions|analytics|memberships|roles|permissions|oauth-accounts|auth|assets|search|healthz|\.?palisade)(\/|$)/i;

/** @param {Caller} caller @param {string} method @param {string} path @param {(name: string) => Set<string>} values */
function may(caller, method, path, values) {
  const as = method === 'HEAD' ? 'GET' : method;
  const only = (/** @type {string} */ name, /** @type {string} */ value) => [...values(name)].join() === value;
  if (as in PUBLIC && PUBLIC[/** @type {keyof typeof PUBLIC} */ (as)].test(path)) return true;
  if (caller === 'cleo' && as === 'GET' && path === '/items/1') return true;
  // As the group's admin she may change it, and not read it.
  if (caller === 'cleo' && as === 'PUT' && path === '/groups/board') return true;
  if (caller === 'cleo' && as === 'GET' && path === '/analytics') return only('id', '1');
  if (caller === 'ben' && as === 'POST' && path === '/memberships') return only('group_id', 'board');
  // What the application does not have it does not serve.
  return !GUARDED.test(path);
}

/**
 * What the application could do with a request that it should not; nothing where it is harmless.
 * @param {Caller} caller @param {import('./lenient.mjs').Seen} seen @param {string} [host] that the client asked for
 */
function harm(caller, seen, host) {
  const { methods, paths, people, addresses, tokens, values } = readingsOf(seen);
  /** @type {string[]} */
  const found = [];
  const isPublic = [...paths].every((path) => Object.values(PUBLIC).some((open) => open.test(path)));
  for (const method of methods) {
    for (const path of paths) if (!may(caller, method, path, values)) found.push(`would serve ${method} ${path}`);
  }
  const person = isPublic || caller === 'nobody' ? '' : `User::"${caller}"`;
  for (const one of people) if (one !== person) found.push(`takes the caller for \`${one}\`, not for \`${person}\``);
  // An address that the client itself says. The gate says which host was asked for, and by which scheme.
  for (const address of addresses)
    if (![host, 'http'].includes(address)) found.push(`believes the address \`${address}\``);
  const token = CALLERS[caller];
  if (!isPublic) for (const one of tokens) if (one !== token) found.push(`gets another credential: \`${one}\``);
  return found;
}

// --- The mutations ---

/**
 * @typedef {object} Mutation
 * @property {string} name
 * @property {Caller} caller
 * @property {string} bytes each character a byte
 */

/**
 * Mutations that are neither refused nor harmless today, by what their names hold, and what is missing. Whoever mends one
 * takes it out: then it must hold.
 * @type {[RegExp, string][]}
 */
const OPEN = [
  [/^ben: a form/, 'a form has its method in the body, which no gate reads that lets bodies flow'],
];

let made = 0;
/** Those that are open, and got through. @type {Set<string>} */
const open = new Set();

/**
 * Sends each of them, and says which were neither refused nor harmless, with the very bytes.
 * @param {Mutation[]} mutations
 * @returns {Promise<number>} how many requests reached the application
 */
async function none(mutations) {
  assert.ok(mutations.length > 0);
  const names = mutations.map(({ name, caller }) => `${caller}: ${name}`);
  assert.equal(new Set(names).size, names.length, `twice: ${names.filter((name, at) => names.indexOf(name) !== at)}`);
  made += mutations.length;
  /** @type {string[]} */
  const through = [];
  let reached = 0;
  origin.taken();
  for (const [at, { name, caller, bytes }] of mutations.entries()) {
    const answer = await raw(platform.gate.url, bytes);
    // What comes late shows with the last one.
    if (at === mutations.length - 1) await new Promise((done) => setTimeout(done, 50));
    const seen = origin.taken();
    reached += seen.length;
    const codes = statuses(answer);
    const host = /^host:[ \t]*(.*?)[ \t]*\r?$/im.exec(bytes)?.[1];
    const harms = seen.flatMap((one) => harm(caller, one, host));
    // 501 is workerd's own, for a method that it does not know. 502: the body broke off on the way to the application.
    const refused = codes.every((code) => (code >= 400 && code < 500) || code === 501 || code === 502);
    if (harms.length === 0 && (seen.length > 0 || refused || isPlatforms(answer))) continue;
    const what = harms.length > 0 ? [...new Set(harms)].slice(0, 4).join('; ') : `answered ${codes}`;
    const line = `${names[at]}: ${what}\n    ${JSON.stringify(bytes.length > 600 ? `${bytes.slice(0, 600)}…` : bytes)}`;
    if (OPEN.some(([which]) => which.test(names[at]))) open.add(line);
    else through.push(line);
  }
  assert.deepEqual(through, [], `${through.length} of ${mutations.length} got through:\n${through.join('\n')}`);
  return reached;
}

/** What workerd says for itself, before any Worker. @param {string} answer */
const isPlatforms = (answer) =>
  /^HTTP\/1\.1 500 [^\r]*\r\nConnection: close\r\nContent-Length: 21\r\n\r\nInternal Server Error$/.test(answer);

/**
 * A request as it should be written, except for what is given.
 * @param {{ caller?: Caller, method?: string, target?: string, version?: string, headers?: string[], body?: string, host?: string | null }} parts
 */
function request({
  caller = 'nobody',
  method = 'GET',
  target = '/',
  version = ' HTTP/1.1',
  headers = [],
  body,
  host = 'gate.localhost',
}) {
  const token = CALLERS[caller];
  const lines = [`${method} ${target}${version}`];
  if (host !== null) lines.push(`Host: ${host}`);
  lines.push('Connection: close');
  if (token) lines.push(`Authorization: Bearer ${token}`);
  lines.push(...headers);
  if (body !== undefined) lines.push(`Content-Length: ${body.length}`);
  return [...lines, '', body ?? ''].join('\r\n');
}

/**
 * @param {Caller} caller
 * @param {string} name
 * @param {Parameters<typeof request>[0]} parts
 * @returns {Mutation}
 */
const as = (caller, name, parts) => ({ name, caller, bytes: request({ caller, ...parts }) });

/** Text as UTF-8 on the wire. @param {string} text */
const utf8 = (text) => Buffer.from(text, 'utf8').toString('latin1');

/** @param {Record<string, string>} named @returns {[string, string][]} */
const all = (named) => Object.entries(named);

describe('what is allowed, so that refusals mean something', () => {
  for (const [caller, method, target, extra] of /** @type {[Caller, string, string, object][]} */ ([
    ['nobody', 'GET', '/assets/a%20b/c.png?x=%41', {}],
    ['nobody', 'POST', '/auth/login', { body: 'name=cleo' }],
    ['cleo', 'GET', '/items/1', {}],
    ['cleo', 'GET', '/analytics?id=1', {}],
    ['cleo', 'PUT', '/groups/board', { body: '{}' }],
    ['ben', 'POST', '/memberships', { body: '{"group_id":"board"}', headers: ['Content-Type: application/json'] }],
  ])) {
    test(`${caller}: ${method} ${target}`, async () => {
      origin.taken();
      assert.deepEqual(statuses(await raw(platform.gate.url, request({ caller, method, target, ...extra }))), [200]);
      const seen = origin.taken();
      assert.equal(seen.length, 1);
      assert.deepEqual(harm(caller, seen[0], 'gate.localhost'), []);
    });
  }

  test('and the lenient application takes a bare disguise for what it is', () => {
    for (const [target, path] of [
      ['/assets/..%252fusers/ann', '/users/ann'], ['/assets/%c0%ae%c0%ae%c0%afusers/ann', '/users/ann'],
      ['/assets/%ef%bc%8e%ef%bc%8e%ef%bc%8fusers/ann', '/users/ann'], ['/assets/..;x=1/users/ann', '/users/ann'],
      ['/assets\\..\\users\\ann%00.png', '/users/ann'], ['//USERS///ann/.', '/users/ann'],
    ]) {
      assert.ok(readingsOf({ method: 'GET', target, headers: [], body: '' }).paths.has(path), target);
    }
    const seen = {
      method: 'GET',
      target: '/items/1?_method=PUT',
      headers: /** @type {[string, string][]} */ ([['x_original.url', '/admin']]),
      body: '',
    };
    assert.ok(harm('cleo', seen).includes('would serve PUT /admin'));
  });
});

describe('paths', () => {
  const DOTS = {
    plain: '..',
    encoded: '%2e%2e',
    'half encoded': '.%2E',
    'twice encoded': '%252e%252e',
    'three times encoded': '%25252e%25252e',
    'with a parameter': '..;x=1',
    'with an encoded parameter': '..%3bx',
    'before a NUL': '..%00',
    'overlong of two bytes': '%c0%ae%c0%ae',
    'overlong of three': '%e0%80%ae%e0%80%ae',
    'overlong of four': '%f0%80%80%ae%f0%80%80%ae',
    'as %u': '%u002e%u002e',
    'before a space': '..%20',
    'before a tab': '..%09',
    'around a line feed': '.%0a.',
    'around a soft hyphen': '.%c2%ad.',
    fullwidth: utf8('．．'),
    'fullwidth, encoded': '%ef%bc%8e%ef%bc%8e',
    'one dot leader': '%e2%80%a4%e2%80%a4',
    'two dot leader': '%e2%80%a5',
    'small stops': '%ef%b9%92%ef%b9%92',
    three: '...',
  };
  const SLASHES = {
    '/': '/',
    '//': '//',
    '%2f': '%2f',
    '%252F': '%252F',
    backslash: '\\',
    '%5c': '%5C',
    '%255c': '%255c',
    '/./': '/./',
    '/%2e/': '/%2e/',
    '/;/': '/;/',
    overlong: '%c0%af',
    'overlong of three': '%e0%80%af',
    'as %u': '%u2215',
    fullwidth: '%ef%bc%8f',
    'division slash': '%e2%88%95',
    'fraction slash': '%e2%81%84',
    'fullwidth backslash': '%ef%bc%bc',
  };

  test('no spelling of a step up and a slash leads out of a public folder', async () => {
    /** @type {Mutation[]} */
    const mutations = [];
    for (const [dots, up] of all(DOTS)) {
      for (const [slash, one] of all(SLASHES)) {
        const target = `/assets/x/${up}${one}${up}${one}users/ann`;
        mutations.push(as('nobody', `dots ${dots}, slash ${slash}`, { target }));
      }
    }
    await none(mutations);
  });

  test('nor out of what one may read', async () => {
    /** @type {Mutation[]} */
    const mutations = [];
    for (const [dots, up] of all(DOTS)) {
      for (const [at, target] of all({
        'item 2': `/items/1/${up}/2`,
        'item 2, all encoded': `/items/1%2f${up}%2f2`,
        admin: `/items/1${up}/admin`,
        'admin, behind a parameter': `/items/1;/${up}/${up}/admin`,
        own: `/assets/${up}/.palisade/health`,
      })) {
        mutations.push(as('cleo', `dots ${dots} to ${at}`, { target }));
      }
    }
    await none(mutations);
  });

  test('nor is a refused path another one with something behind, before or inside it', async () => {
    const BEHIND = [
      '/', '//', '/.', '/..', '/./', '.', '..', '%20', '%09', '%00', '%0a', '%0d%0a', '%23', '%3f', '%26', '%2f',
      '%5c', '\\', ';', ';x=1', '%3b', ';/../assets/x', '.json', '.css', '%00.png', ';.png', '?', '?/assets/x',
      '?.css', '#', '#/../../assets/x', '/%2e%2e/ann', '~', '*', ',', '%ad', '%c2%a0', '%e2%80%8b', '%ef%bb%bf',
      '::$DATA', '%3a%3a$DATA', '+', '%2b', '/1/..', '%', '%2', '%zz', '%u', '%25', '%2525',
    ];
    const BEFORE = [
      '//', '/./', '/;/', '/%2f', '/\\', '\\', '/%5c', '/.;/', '/%20', '/%00/', '/%09/', '///', '/;x/', '/x/../',
      '/%2e/', '/assets//../', '/assets/%2e./', '/healthz/../', '/healthz;/../', '/assets?/../', '/assets#/../',
      '/auth/..//', '/*/', '/%e2%80%8b/', '/assets/..%c0%af',
    ];
    const SPELT = {
      users: [
        'USERS', 'Users', 'uSeRs', '%75sers', '%55SERS', 'user%73', '%2575sers', 'uſers', 'ｕｓｅｒｓ', 'us%00ers',
        'us%c2%aders', 'users%20', 'users.', 'users;x',
      ],
    };
    /** @type {Mutation[]} */
    const mutations = [];
    for (const caller of /** @type {Caller[]} */ (['nobody', 'cleo'])) {
      for (const [path, segment] of [
        ['/users/ann', 'ann'], ['/items/2', '2'], ['/admin', ''],
      ]) {
        for (const behind of BEHIND) {
          mutations.push(as(caller, `${path} before ${behind}`, { target: path + behind }));
        }
        for (const first of BEFORE) {
          mutations.push(as(caller, `${path} behind ${first}`, { target: first + path.slice(1) }));
        }
        if (segment === 'ann') {
          for (const word of SPELT.users) {
            mutations.push(as(caller, `users spelt ${word}`, { target: utf8(`/${word}/ann`) }));
          }
        }
      }
    }
    await none(mutations);
  });

  test('nor is an id that is refused one that is allowed, however it is written', async () => {
    const IDS = [
      '02', '+2', '%2b2', '%202', '2%20', '2.0', '%32', '%2532', '２', '%ef%bc%92', '²', '2e0', '0x2', '1%002', '1%0a2',
      '1,2', '1%2c2', '1&id=2', '1;id=2', '1?id=2', '1%3fid=2', '1%26id=2', '1/2', '1%2f2', '1/../2', '1|2', '1%7c2',
      '[1,2]', '%5b1%5d', '{2}', '1+1', '1%2b1', '*', '%2a', '%25', '_', "1'or'1'='1", '1%27%20or%201=1--', '1"',
      '%22', '"', '<2>', '^2', '`2`', ' 2', '2 ', '\t2', 'null', 'undefined', 'true', '-2', '--2', '2%ef%bb%bf',
      '2%e2%80%ae', '1%cc%81', '%ff', '%fe%ff', '%ed%a0%80', '%f4%90%80%80',
    ];
    /** @type {Mutation[]} */
    const mutations = [];
    for (const id of IDS) {
      mutations.push(as('cleo', `item ${id}`, { target: utf8(`/items/${id}`) }));
    }
    await none(mutations);
  });

  test('nor is a target in another form', async () => {
    const TARGETS = [
      '*', '', '?', '#', 'users/ann', './users/ann', '../users/ann', '//users/ann', '///users/ann',
      '//gate.localhost/users/ann', 'http://gate.localhost/users/ann', 'HTTP://gate.localhost/users/ann',
      'https://gate.localhost/users/ann', 'http://other.localhost/users/ann', 'http:/users/ann', 'http:users/ann',
      'http:///users/ann', 'http:\\\\gate.localhost\\users\\ann', 'http://gate.localhost\\users\\ann',
      'http://gate.localhost?/users/ann', 'http://gate.localhost#/users/ann', 'http://a@gate.localhost/users/ann',
      'http://gate.localhost:99999/users/ann', 'http://gate.localhost:/users/ann', 'http://[::1]/users/ann',
      'http://[::1/users/ann', 'http://gate.localhost/assets/../users/ann',
      'http://gate.localhost/assets/..;/users/ann', 'http://gate.localhost/assets/%2e%2e/users/ann',
      'ftp://gate.localhost/users/ann', 'file:///users/ann', 'javascript:/users/ann', 'data:,/users/ann',
      'x://gate.localhost/users/ann', 'gate.localhost:80', 'gate.localhost/users/ann', '@gate.localhost/users/ann',
      ':80/users/ann', '/assets/x /../../users/ann', '/assets/x\t/../../users/ann', '/users/ann\t', '/users/ann\x0b',
      '/users/ann\x00', '/users/ann\x7f', '/users/ann\x80', '/users/ann\xa0', '/assets/x\x00/../../users/ann',
      '/assets/x\x0c/../users/ann', '/assets/http://gate.localhost/../../../users/ann',
      `/assets/${'../'.repeat(70)}users/ann`, `/${'x/'.repeat(70)}users/ann`, `/users/${'a'.repeat(9000)}`,
      `/users/ann?${'x=1&'.repeat(5000)}`,
    ];
    await none(TARGETS.map((target) => as('nobody', JSON.stringify(target.slice(0, 60)), { target })));
  });
});

describe('methods', () => {
  const METHODS = [
    'PUT',
    'PATCH',
    'DELETE',
    'POST',
    'HEAD',
    'OPTIONS',
    'TRACE',
    'TRACK',
    'CONNECT',
    'put',
    'Put',
    'delete',
    'get',
    'GeT',
    'GETX',
    'GET,PUT',
    'PUT;GET',
    '"PUT"',
    'PUT\t',
    'GET\x0b',
    'PÜT',
    'P\0UT',
    '',
    ' ',
    '-',
    '*',
    'FOO',
    'PROPFIND',
    'PROPPATCH',
    'MKCOL',
    'COPY',
    'MOVE',
    'LOCK',
    'UNLOCK',
    'SEARCH',
    'QUERY',
    'REPORT',
    'LINK',
    'UNLINK',
    'PURGE',
    'DEBUG',
    'BAN',
    'SOURCE',
    'PRI',
    'MERGE',
    'ACL',
    'BIND',
    'M-SEARCH',
    'X'.repeat(300),
  ];

  test('a method that is refused is refused in every case and for every path', async () => {
    /** @type {Mutation[]} */
    const mutations = [];
    for (const method of METHODS) {
      for (const target of ['/items/1', '/users/ann', '/groups/attic', '/assets/x']) {
        for (const caller of /** @type {Caller[]} */ (target === '/items/1' ? ['cleo'] : ['nobody'])) {
          mutations.push(as(caller, `${JSON.stringify(method.slice(0, 20))} ${target}`, { method, target }));
        }
      }
    }
    await none(mutations);
  });

  const NAMES = ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', 'X-Method', 'HTTP-Method-Override'];
  test('a header that names another method does not reach the application, however it is spelt', async () => {
    const reached = await none(
      NAMES.flatMap((name) =>
        spellings(name).map(([how, header]) => withHeader(`${name}, ${how}`, 'cleo', '/items/1', `${header}: DELETE`)),
      ),
    );
    assert.ok(reached > 0);
  });

  test('a parameter that does is refused, however it is spelt', async () => {
    const PARAMETERS = [
      '_method', '_METHOD', '_Method', '%5fmethod', '_%6dethod', '%5Fm%65thod', '_method[]', '_method[0]',
      '_method%5b%5d', '+_method', '%20_method', '.method', ' method', '_method%00', '_method%00x',
      'X-HTTP-Method-Override', 'x-http-method-override', 'x_http_method_override', 'X.HTTP.Method.Override',
      '$httpMethod',
    ];
    /** @type {Mutation[]} */
    const mutations = [];
    for (const name of PARAMETERS) {
      for (const [how, query] of all({
        alone: `${name}=PUT`,
        behind: `a=1&${name}=PUT`,
        'behind a `;`': `a=1;${name}=PUT`,
        lower: `${name}=put`,
        'encoded value': `${name}=%50UT`,
        twice: `${name}=GET&${name}=PUT`,
      })) {
        mutations.push(as('cleo', `${name} ${how}`, { target: `/items/1?${query}` }));
      }
    }
    await none(mutations);
  });
});

/**
 * A header's name as somebody writes it who wants one to see it and another not to.
 * @param {string} name @returns {[string, string][]} how, and what
 */
function spellings(name) {
  return all({
    plain: name,
    lower: name.toLowerCase(),
    upper: name.toUpperCase(),
    underscores: name.replaceAll('-', '_'),
    'one underscore': name.replace('-', '_'),
    dots: name.replaceAll('-', '.'),
    'other signs': name.replaceAll('-', '~'),
    "other signs '": name.replaceAll('-', "'"),
    'space behind': `${name} `,
    'tab behind': `${name}\t`,
    'space before': ` ${name}`,
    'soft hyphens': name.replaceAll('-', '\xad'),
    'NUL behind': `${name}\0`,
    'folded line': `X-Harmless: 1\r\n ${name}`,
    'bare line feed': `X-Harmless: 1\n${name}`,
    'bare carriage return': `X-Harmless: 1\r${name}`,
  });
}

/** @param {string} name @param {Caller} caller @param {string} target @param {string[]} headers @returns {Mutation} */
const withHeader = (name, caller, target, ...headers) => ({
  name,
  caller,
  bytes: request({ caller, target, headers }),
});

describe('headers', () => {
  const URLS = [
    'X-Original-URL', 'X-Rewrite-URL', 'X-Original-URI', 'X-Forwarded-URI', 'X-Forwarded-Path', 'X-Forwarded-Prefix',
    'X-Original-Path', 'X-Envoy-Original-Path', 'X-Middleware-Rewrite', 'X-Middleware-Subrequest',
  ];
  test('a header that names another path does not reach the application, however it is spelt', async () => {
    const reached = await none(
      URLS.flatMap((name) =>
        spellings(name).flatMap(([how, header]) => [
          withHeader(`${name}, ${how}`, 'cleo', '/items/1', `${header}: /users/ann`),
          withHeader(`${name}, ${how}, public`, 'nobody', '/assets/x', `${header}: /admin`),
        ]),
      ),
    );
    assert.ok(reached > 0);
  });

  const PEOPLE = [
    'Palisade-Principal', 'Palisade-Decision-Principal', 'X-Remote-User', 'Remote-User', 'X-Authenticated-User',
    'X-User-Id', 'X-Forwarded-User', 'X-Forwarded-Email', 'X-Auth-Request-User', 'X-Webauth-User',
  ];
  test('nobody says who they are but by a token', async () => {
    const reached = await none(
      PEOPLE.flatMap((name) =>
        spellings(name).flatMap(([how, header]) => [
          withHeader(`${name}, ${how}`, 'cleo', '/items/1', `${header}: User::"ann"`),
          withHeader(`${name}, ${how}, public`, 'nobody', '/assets/x', `${header}: User::"ann"`),
          withHeader(`${name}, ${how}, refused`, 'nobody', '/users/ann', `${header}: User::"ann"`),
        ]),
      ),
    );
    assert.ok(reached > 0);
  });

  const PLACES = [
    'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Server', 'X-Forwarded-Proto', 'Forwarded', 'X-Real-IP',
    'X-Client-IP', 'X-Cluster-Client-IP', 'True-Client-IP', 'X-Host', 'X-HTTP-Host-Override',
  ];
  test('nor where they are, or whom they asked', async () => {
    const reached = await none(
      PLACES.flatMap((name) =>
        spellings(name).map(([how, header]) =>
          withHeader(`${name}, ${how}`, 'cleo', '/items/1', `${header}: admin.localhost`),
        ),
      ),
    );
    assert.ok(reached > 0);
  });

  const ODD = [
    'X-Override-URL', 'X-Script-Name', 'Script-Name', 'Request-URI', 'Base-URL', 'X-Proxy-URL',
    'X-HTTP-DestinationURL', 'X-Accel-Redirect', 'Client-IP', 'X-Originating-IP', 'X-Remote-IP', 'X-Remote-Addr',
  ];
  test('nor by a name that few believe', async () => {
    await none(ODD.map((name) => withHeader(name, 'cleo', '/items/1', `${name}: /users/ann`)));
  });

  test('the host that was asked for is one, and leads nowhere else', async () => {
    const HOSTS = [
      '', ' ', 'admin.localhost/users/ann?', 'gate.localhost/users/ann#', 'gate.localhost/assets/..',
      'gate.localhost\\users', 'gate.localhost?', 'gate.localhost#', 'a@gate.localhost', 'gate.localhost:80:80',
      'gate.localhost:x', '[::1', 'gate localhost', 'gate.localhost\0', 'gate.localhost,admin.localhost',
      '../users/ann', '%2e%2e', 'xn--', `${'a'.repeat(300)}.localhost`,
    ];
    /** @type {Mutation[]} */
    const mutations = HOSTS.map((host) =>
      as('nobody', JSON.stringify(host.slice(0, 40)), { target: '/users/ann', host }),
    );
    mutations.push(as('nobody', 'none', { target: '/users/ann', host: null }));
    mutations.push(withHeader('twice', 'nobody', '/users/ann', 'Host: admin.localhost'));
    mutations.push(withHeader('twice, allowed', 'cleo', '/items/1', 'Host: gate.localhost'));
    mutations.push(withHeader('twice, with a space', 'cleo', '/items/1', 'Host : gate.localhost'));
    await none(mutations);
  });

  test('two credentials that differ are refused, and what reaches the application is the one that was believed', async () => {
    const both = (/** @type {string} */ name, /** @type {string[]} */ ...headers) =>
      /** @type {Mutation} */ ({ name, caller: 'cleo', bytes: request({ target: '/items/1', headers }) });
    await none([
      both('Authorization twice', 'Authorization: Bearer demo-cleo', 'Authorization: Bearer demo-ann'),
      both('the other way round', 'Authorization: Bearer demo-ann', 'Authorization: Bearer demo-cleo'),
      both('in one header', 'Authorization: Bearer demo-cleo, Bearer demo-ann'),
      both('with a comma', 'Authorization: Bearer demo-cleo,demo-ann'),
      both('with a parameter', 'Authorization: Bearer demo-cleo; token=demo-ann'),
      both('two schemes', 'Authorization: Basic YTpi', 'Authorization: Bearer demo-cleo'),
      both('header and cookie', 'Authorization: Bearer demo-cleo', 'Cookie: session=demo-ann'),
      both('cookie twice', 'Cookie: session=demo-cleo; session=demo-ann'),
      both('cookie twice, two headers', 'Cookie: session=demo-cleo', 'Cookie: session=demo-ann'),
      both('cookie twice, without a space', 'Cookie: session=demo-cleo;session=demo-ann'),
      both('cookie twice, with a tab', 'Cookie: session=demo-cleo;\tsession=demo-ann'),
      both('cookie twice, with a comma', 'Cookie: session=demo-cleo, session=demo-ann'),
      both('cookie twice, one quoted', 'Cookie: session="demo-cleo"; session=demo-ann'),
      both('cookie twice, one in another version', 'Cookie: $Version=1; session=demo-cleo; $Path=/; session=demo-ann'),
      both('cookie twice, space before `=`', 'Cookie: session=demo-cleo; session =demo-ann'),
      both('cookie twice, name encoded', 'Cookie: session=demo-cleo; %73ession=demo-ann'),
      both('cookie quoted', 'Cookie: session="demo-ann"'),
      both('cookie within a quoted one', 'Cookie: a="; session=demo-ann; b="; session=demo-cleo'),
      both('cookie with a NUL', 'Cookie: session=demo-cleo\0; session=demo-ann'),
      both('authorization with underscores', 'Authorization: Bearer demo-cleo', 'AUTHORIZATION : Bearer demo-ann'),
      both('folded', 'Authorization: Bearer demo-cleo\r\n  demo-ann'),
      both('tab for a space', 'Authorization: Bearer\tdemo-cleo'),
      both('no scheme', 'Authorization: demo-cleo'),
      both('no token', 'Authorization: Bearer '),
      both('basic', 'Authorization: Basic ZGVtby1jbGVvOg=='),
      both('proxy', 'Proxy-Authorization: Bearer demo-cleo'),
      both('token in the query', 'X-Access-Token: demo-cleo'),
    ]);
  });

  test('`Connection` takes nothing away that the application or the gate believes', async () => {
    const NAMED = [
      'Palisade-Principal', 'palisade-principal', 'Palisade-Decision', 'Authorization', 'Cookie', 'Host',
      'Content-Length', 'Content-Type', 'Transfer-Encoding', 'X-Forwarded-For', 'X-Forwarded-Host',
      'X-Forwarded-Proto', 'Cache-Control', 'Accept', 'Range', 'Connection', 'Upgrade', '*', ' ', ',',
      '"Palisade-Principal"', 'Palisade_Principal',
    ];
    /** @type {Mutation[]} */
    const mutations = [];
    for (const name of NAMED) {
      for (const [how, value] of all({ first: `${name}, close`, last: `close, ${name}`, alone: name })) {
        const bytes = request({ caller: 'cleo', target: '/items/1', headers: ['X-Forwarded-Host: admin.localhost'] });
        mutations.push({
          name: `${name}, ${how}`,
          caller: 'cleo',
          bytes: bytes.replace('Connection: close', `Connection: ${value}`),
        });
      }
    }
    await none(mutations);
  });
});

describe('what decides', () => {
  test('a parameter of the query that decides has one reading', async () => {
    const QUERIES = [
      'id=2', 'id=1&id=2', 'id=2&id=1', 'id=1&ID=2', 'id=1&Id=2', 'id=1&%69d=2', 'id=1&i%64=2', 'id=1&id[]=2',
      'id[]=1&id[]=2', 'id=1&id[0]=2', 'id=1&id%5b%5d=2', 'id=1;id=2', 'id=1%26id=2', 'id=1%3bid=2', 'id=1&+id=2',
      'id=1&%20id=2', 'id=1&id%00=2', 'id=1&id+=2', 'id=1&id%20=2', 'id=1#&id=2', 'id=1?id=2', '?id=2&id=1',
      'id=1&&id=2', 'id=1&=2&id=2', 'id=1&id', 'id=1%00', 'id=1%0a', 'id=%31&id=%32', 'id=%ff', 'id=', 'id', '',
      'id=1&id.=2', 'ıd=2&id=1', '%C4%B1d=2&id=1',
    ];
    await none(QUERIES.map((query) => as('cleo', query, { target: utf8(`/analytics?${query}`) })));
  });

  test('so has a field of the body', async () => {
    const JSON_TYPE = 'Content-Type: application/json';
    const BODIES = {
      refused: '{"group_id":"attic"}',
      twice: '{"group_id":"board","group_id":"attic"}',
      'the other way round': '{"group_id":"attic","group_id":"board"}',
      'another case': '{"group_id":"board","GROUP_ID":"attic"}',
      'another case, first': '{"Group_Id":"attic","group_id":"board"}',
      'long s': utf8('{"group_id":"board","group_ıd":"attic"}'),
      escaped: '{"group_id":"board","\\u0067roup_id":"attic"}',
      'a comment': '{"group_id":"board"/*,"group_id":"attic"*/}',
      'something behind': '{"group_id":"board"}{"group_id":"attic"}',
      'a line behind': '{"group_id":"board"}\n{"group_id":"attic"}',
      'a NUL behind': '{"group_id":"board"}\0{"group_id":"attic"}',
      'a mark before': utf8('\ufeff{"group_id":"attic"}'),
      'UTF-16': Buffer.from('{"group_id":"attic"}', 'utf16le').toString('latin1'),
      'not UTF-8': '{"group_id":"board\xff","x":"\xc0\xaf"}',
      'a surrogate': '{"group_id":"board\\ud800"}',
      'a list': '[{"group_id":"attic"}]',
      'in a list': '{"group_id":["board","attic"]}',
      'an object': '{"group_id":{"id":"attic"}}',
      null: '{"group_id":null}',
      'single quotes': "{'group_id':'attic'}",
      'no quotes': '{group_id:"attic"}',
      'a comma too much': '{"group_id":"attic",}',
      empty: '',
      'a form': 'group_id=attic',
      deep: `${'['.repeat(3000)}${']'.repeat(3000)}`,
      long: `{"group_id":"board","x":"${'x'.repeat(70_000)}"}`,
    };
    /** @type {Mutation[]} */
    const mutations = [];
    for (const [name, body] of all(BODIES)) {
      mutations.push({
        name,
        caller: 'ben',
        bytes: request({ caller: 'ben', method: 'POST', target: '/memberships', headers: [JSON_TYPE], body }),
      });
    }
    for (const type of [
      '', 'text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-16',
      'application/json; charset=utf-7', 'application/json, text/plain', 'multipart/form-data; boundary=x',
      'text/json', 'application/json-patch+json', 'application/xml',
    ]) {
      const body = type.includes('form') ? 'group_id=attic' : '{"group_id":"attic"}';
      mutations.push(
        as('ben', `type ${type}`, { method: 'POST', target: '/memberships', headers: [`Content-Type: ${type}`], body }),
      );
    }
    for (const encoding of ['gzip', 'deflate', 'br', 'identity, gzip', 'x-gzip', 'zstd']) {
      const body = '{"group_id":"board"}';
      mutations.push(
        as('ben', `encoding ${encoding}`, {
          method: 'POST',
          target: '/memberships',
          headers: [JSON_TYPE, `Content-Encoding: ${encoding}`],
          body,
        }),
      );
    }
    await none(mutations);
  });
});

describe('where one request ends and the next begins', () => {
  /** What is to be smuggled: with nobody's name, with the gate's own word for it. */
  const HIDDEN =
    'GET /users/ann HTTP/1.1\r\nHost: gate.localhost\r\nPalisade-Principal: User::"ann"\r\nContent-Length: 0\r\n\r\n';
  const CHUNK = `0\r\n\r\n${HIDDEN}`;
  const LENGTH = `Content-Length: ${CHUNK.length}`;
  const hex = HIDDEN.length.toString(16);

  test('no body holds a second request', async () => {
    /** Headers, and the body as it is sent. @type {Record<string, [string[], string]>} */
    const SHAPES = {
      'length and chunks': [[LENGTH, 'Transfer-Encoding: chunked'], CHUNK],
      'chunks and length': [['Transfer-Encoding: chunked', LENGTH], CHUNK],
      'short length and chunks': [
        ['Content-Length: 4', 'Transfer-Encoding: chunked'],
        `${hex}\r\n${HIDDEN}\r\n0\r\n\r\n`,
      ],
      'two lengths': [['Content-Length: 0', LENGTH], CHUNK],
      'two lengths, the other way round': [[LENGTH, 'Content-Length: 0'], CHUNK],
      'two lengths in one': [[`Content-Length: 0, ${CHUNK.length}`], CHUNK],
      'the same length twice': [[LENGTH, LENGTH], CHUNK],
      'length with a sign': [[`Content-Length: +0`], HIDDEN],
      'negative length': [['Content-Length: -1'], HIDDEN],
      'hexadecimal length': [['Content-Length: 0x10'], HIDDEN],
      'length with a comma': [['Content-Length: 0,'], HIDDEN],
      'length with a space inside': [['Content-Length: 1 0'], HIDDEN],
      'empty length': [['Content-Length:'], HIDDEN],
      'length in another script': [['Content-Length: \xb2'], HIDDEN],
      'huge length': [['Content-Length: 18446744073709551616'], HIDDEN],
      'zero length and something behind': [['Content-Length: 0'], HIDDEN],
      'no length and something behind': [[], HIDDEN],
      'length with underscore': [[`Content_Length: ${HIDDEN.length}`], HIDDEN],
      'length with a space before the colon': [[`Content-Length : ${HIDDEN.length}`], HIDDEN],
      'chunked, then identity': [['Transfer-Encoding: chunked, identity'], CHUNK],
      'identity, then chunked': [['Transfer-Encoding: identity, chunked', 'Content-Length: 5'], CHUNK],
      'gzip, then chunked': [['Transfer-Encoding: gzip, chunked'], CHUNK],
      'chunked twice': [['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], CHUNK],
      'chunked and another': [['Transfer-Encoding: chunked', 'Transfer-Encoding: x'], CHUNK],
      xchunked: [['Transfer-Encoding: xchunked', LENGTH], CHUNK],
      'upper case': [['Transfer-Encoding: CHUNKED', LENGTH], CHUNK],
      'space before the colon': [['Transfer-Encoding : chunked', LENGTH], CHUNK],
      'tab before the value': [['Transfer-Encoding:\tchunked', LENGTH], CHUNK],
      'vertical tab': [['Transfer-Encoding: \x0bchunked', LENGTH], CHUNK],
      NUL: [['Transfer-Encoding: \0chunked', LENGTH], CHUNK],
      quoted: [['Transfer-Encoding: "chunked"', LENGTH], CHUNK],
      'folded line': [['Transfer-Encoding:\r\n chunked', LENGTH], CHUNK],
      'behind a bare line feed': [['X: y\nTransfer-Encoding: chunked', LENGTH], CHUNK],
      'behind a bare carriage return': [['X: y\rTransfer-Encoding: chunked', LENGTH], CHUNK],
      'with underscore': [['Transfer_Encoding: chunked', LENGTH], CHUNK],
      'with a semicolon': [['Transfer-Encoding: chunked;q=1', LENGTH], CHUNK],
      'chunk extension': [['Transfer-Encoding: chunked'], `0;${'x'.repeat(10)}\r\n\r\n${HIDDEN}`],
      'chunk extension with a bare line feed': [
        ['Transfer-Encoding: chunked'],
        `2;\n${hex}\r\nxx\r\n0\r\n\r\n${HIDDEN}`,
      ],
      'chunk extension with a carriage return': [['Transfer-Encoding: chunked'], `2;\rx\r\nxx\r\n0\r\n\r\n${HIDDEN}`],
      'chunk size with a sign': [['Transfer-Encoding: chunked'], `+2\r\nxx\r\n0\r\n\r\n${HIDDEN}`],
      'chunk size with 0x': [['Transfer-Encoding: chunked'], `0x2\r\nxx\r\n0\r\n\r\n${HIDDEN}`],
      'chunk size with an underscore': [['Transfer-Encoding: chunked'], `0_2\r\nxx\r\n0\r\n\r\n${HIDDEN}`],
      'chunk size that overflows': [['Transfer-Encoding: chunked'], `10000000000000002\r\nxx\r\n0\r\n\r\n${HIDDEN}`],
      'negative chunk size': [['Transfer-Encoding: chunked'], `-2\r\nxx\r\n0\r\n\r\n${HIDDEN}`],
      'empty chunk size': [['Transfer-Encoding: chunked'], `\r\nxx\r\n0\r\n\r\n${HIDDEN}`],
      'chunk longer than its size': [['Transfer-Encoding: chunked'], `2\r\nxxxx\r\n0\r\n\r\n${HIDDEN}`],
      'chunks that end in line feeds': [['Transfer-Encoding: chunked'], `2\nxx\n0\n\n${HIDDEN}`],
      trailers: [
        ['Transfer-Encoding: chunked', 'Trailer: Palisade-Principal'],
        `0\r\nPalisade-Principal: User::"ann"\r\n\r\n${HIDDEN}`,
      ],
      'expects to be told': [['Expect: 100-continue', `Content-Length: ${HIDDEN.length}`], HIDDEN],
      'expects in another way': [['Expect: 100-Continue, x', LENGTH], CHUNK],
      'upgrade to h2c': [['Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'], HIDDEN],
      'upgrade to a WebSocket that is none': [['Upgrade: websocket', 'Sec-WebSocket-Version: 777'], HIDDEN],
      'upgrade to TLS': [['Upgrade: TLS/1.0'], HIDDEN],
      'a body for GET': [[`Content-Length: ${HIDDEN.length}`], HIDDEN],
      'content length in Connection': [['Connection: Content-Length', `Content-Length: ${HIDDEN.length}`], HIDDEN],
      'keep-alive and proxy': [['Connection: keep-alive', 'Proxy-Connection: keep-alive', 'Content-Length: 0'], HIDDEN],
    };
    /** @type {Mutation[]} */
    const mutations = [];
    for (const [name, [headers, body]] of Object.entries(SHAPES)) {
      for (const [method, target] of [
        ['POST', '/auth/login'],
        ['GET', '/assets/x'],
      ]) {
        // Kept open, so that there is room for a second one; the last byte that is sent ends it.
        const lines = [`${method} ${target} HTTP/1.1`, 'Host: gate.localhost', ...headers, '', body];
        mutations.push({ name: `${name}, by ${method}`, caller: 'nobody', bytes: lines.join('\r\n') });
      }
    }
    await none(mutations);
  });

  test('nor does an upgrade make another method of one', async () => {
    /** @type {Mutation[]} */
    const mutations = [];
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']) {
      for (const value of [
        'websocket', 'WebSocket', 'websocket, h2c', 'h2c, websocket', 'websocket/13', ' websocket ',
      ]) {
        for (const connection of ['Upgrade', 'close, Upgrade', 'keep-alive', '']) {
          const lines = [`${method} /auth/login HTTP/1.1`, 'Host: gate.localhost', `Upgrade: ${value}`];
          if (connection) lines.push(`Connection: ${connection}`);
          lines.push('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13', '', '');
          const name = `upgrade to a WebSocket that is none, by ${method}, \`${value}\`, connection \`${connection}\``;
          mutations.push({ name, caller: 'nobody', bytes: lines.join('\r\n') });
        }
      }
    }
    // The one that is worth something: what she may change she reads.
    for (const headers of [['Upgrade: websocket'], ['Upgrade: websocket', 'Connection: Upgrade']]) {
      const name = `upgrade to a WebSocket that is none, by PUT of what is not to be read, ${headers.length}`;
      mutations.push(as('cleo', name, { method: 'PUT', target: '/groups/board', headers }));
    }
    await none(mutations);
  });

  test('nor does a form say another method than its request', async () => {
    const type = 'Content-Type: application/x-www-form-urlencoded';
    const bodies = ['_method=DELETE', 'a=1&_method=PUT', '_METHOD=DELETE', '%5fmethod=DELETE', '_method[]=DELETE'];
    await none(
      bodies.map((body) =>
        as('ben', `a form: ${body}`, { method: 'POST', target: '/auth/login', headers: [type], body }),
      ),
    );
  });

  test('nor does a line that is not written as it should be', async () => {
    const good = 'GET /users/ann HTTP/1.1\r\nHost: gate.localhost\r\nConnection: close\r\n\r\n';
    const LINES = {
      'line feeds alone': good.replaceAll('\r\n', '\n'),
      'carriage returns alone': good.replaceAll('\r\n', '\r'),
      'lines before': `\r\n\r\n${good}`,
      'spaces before': `  ${good}`,
      'no version': good.replace(' HTTP/1.1', ''),
      'HTTP/0.9': 'GET /users/ann\r\n',
      'HTTP/1.0': good.replace('HTTP/1.1', 'HTTP/1.0'),
      'HTTP/1.2': good.replace('HTTP/1.1', 'HTTP/1.2'),
      'HTTP/2.0': good.replace('HTTP/1.1', 'HTTP/2.0'),
      'lower case': good.replace('HTTP/1.1', 'http/1.1'),
      'twice the version': good.replace('HTTP/1.1', 'HTTP/1.1 HTTP/1.1'),
      'another version behind': good.replace('GET /users/ann HTTP/1.1', 'GET /assets/x HTTP/1.1 /users/ann HTTP/1.1'),
      'two spaces': good.replace('GET /', 'GET  /'),
      tabs: good.replace('GET /', 'GET\t/'),
      'no colon': good.replace('Host: ', 'X-Header\r\nHost: '),
      'a name that is empty': good.replace('Host: ', ': x\r\nHost: '),
      'a name with a space': good.replace('Host: ', 'X Y: x\r\nHost: '),
      'a value with a NUL': good.replace('gate.localhost', 'gate.\0localhost'),
      'a folded line first': good.replace('Host: ', ' x\r\nHost: '),
      'HTTP/2 with prior knowledge': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0',
      'a TLS hello': '\x16\x03\x01\0\x05hello',
      'a PROXY line': `PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n${good}`,
      'many headers': good.replace('Host: ', `${'X-H: 1\r\n'.repeat(2000)}Host: `),
      'a long header': good.replace('Host: ', `X-H: ${'x'.repeat(100_000)}\r\nHost: `),
      'a long name': good.replace('Host: ', `${'x'.repeat(100_000)}: 1\r\nHost: `),
      'broken off': good.slice(0, -2),
      nothing: '\r\n',
    };
    await none(all(LINES).map(([name, bytes]) => ({ name, caller: 'nobody', bytes })));
  });
});

test('a GET that says that its body is empty is a GET', async () => {
  for (const method of ['GET', 'HEAD']) {
    for (const headers of [['Content-Length: 0'], ['Content-Length: 0', 'Content-Type: application/json'], []]) {
      origin.taken();
      const bytes = request({ caller: 'cleo', method, target: '/items/1', headers });
      assert.deepEqual(statuses(await raw(platform.gate.url, bytes)), [200], `${method} ${headers}`);
      assert.deepEqual(origin.taken().map(({ method, target }) => `${method} ${target}`), [`${method} /items/1`]);
    }
  }
});

test('a GET with a body is 400', async () => {
  origin.taken();
  for (const method of ['GET', 'HEAD']) {
    for (const target of ['/items/1', '/assets/x', '/nothing', '/.palisade/health']) {
      for (const [framing, body] of [
        ['Content-Length: 1', 'x'],
        ['Content-Length: 2', '{}'],
        ['Transfer-Encoding: chunked', '1\r\nx\r\n0\r\n\r\n'],
        ['Transfer-Encoding: chunked', '0\r\n\r\n'],
      ]) {
        const bytes = request({ caller: 'cleo', method, target, headers: [framing] }) + body;
        const answer = await raw(platform.gate.url, bytes);
        assert.deepEqual(statuses(answer), [400], `${method} ${target}: ${framing}`);
        if (method === 'GET') assert.match(answer, /"body-not-expected"/);
      }
    }
  }
  assert.deepEqual(origin.taken(), []);
});

test('nothing is open but what stays open by design', () => {
  const why = OPEN.map(([which, what]) => [what, [...open].filter((line) => which.test(line)).length]);
  assert.deepEqual(why.filter(([, lines]) => lines === 0), [], 'what gets through no more is no longer open');
  assert.deepEqual(OPEN.map(([which]) => String(which)), ['/^ben: a form/']);
});

test(`these were ${LEAST} mutations or more`, (t) => {
  t.diagnostic(`${made} mutations`);
  assert.ok(made >= LEAST, String(made));
});
