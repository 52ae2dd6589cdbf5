// SPDX-License-Identifier: Apache-2.0
// @ts-check
// `make run`: a gate on this machine, in front of a sample origin, with a pack's sample rows in a local D1; and a page that
// shows what two people may do; and the playground, which the gate serves.
//   PACK=workspace make run     another pack; a path names a pack of your own
// The database is kept in .palisade/run-2/<pack>, so that rows changed by hand stay; delete the folder to start anew.
import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'smol-toml';
import { EXAMPLES } from './example.mjs';
import { withPlayground } from './playground.mjs';
import { trialKeys, TRIAL_KEYS_FILE } from './keys.mjs';
import { issuers, token, trialKey, TRIAL_KEY_FILE } from './token.mjs';

const GATE = 8787;
const ORIGIN = 8788;
const EXAMPLE = 8789;
const gate = `http://127.0.0.1:${GATE}`;

/**
 * What to try, by pack: who, what they may do, and what they may not.
 * @type {Record<string, { as: string, bearer?: string, allowed: string, refused: string }>}
 */
const TRIES = JSON.parse(readFileSync(new URL('./tries.json', import.meta.url), 'utf8'));

const named = process.env.PACK || 'members';
const pack = existsSync(join('policies', named)) ? join('policies', named) : named;
const name = basename(pack);
const state = join('.palisade', 'run-2', name);
const built = join(state, 'pack');

/** @param {string} text */
const say = (text) => console.log(`run: ${text}`);

/** @param {string} text @returns {never} */
function die(text) {
  console.error(`run: ${text}`);
  process.exit(1);
}

/**
 * Runs a command to its end; what it prints is shown only where it fails.
 * @param {string} command @param {string[]} args
 */
function must(command, args) {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  if (done.error) die(`\`${command}\` cannot be started: ${done.error.message}`);
  if (done.status !== 0) die(`\`${command} ${args.join(' ')}\` failed:\n${done.stdout}${done.stderr}`);
}

/** @param {string} file */
const execute = (file) =>
  must('wrangler', ['d1', 'execute', 'DB', '--local', '--yes', '--persist-to', join(state, 'd1'), '--file', file]);

if (!existsSync(join(pack, 'model.toml'))) die(`\`${pack}\` is no pack: it has no model.toml`);
/** The gate's settings. @type {string} */
let settings;
try {
  settings = withPlayground();
} catch (error) {
  die(/** @type {Error} */ (error).message);
}
const fresh = !existsSync(join(state, 'filled'));
mkdirSync(built, { recursive: true });
say(`compiling ${pack}`);
must('target/debug/palisade', ['compile', pack, '--out', built]);
say(fresh ? 'creating the local D1 and loading the sample rows' : 'the local D1 is there; its rows stay');
execute(join(built, 'schema.sql'));
if (fresh && existsSync(join(pack, 'sample.sql'))) execute(join(pack, 'sample.sql'));
execute(join(built, 'publish.sql'));
writeFileSync(join(state, 'filled'), '');

const key = trialKey(TRIAL_KEY_FILE);
/** @type {import('node:child_process').ChildProcess[]} */
const children = [];
const stop = () => children.forEach((child) => child.kill());
process.on('exit', stop);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));

/** @param {string} script @param {Record<string, string>} env */
const serve = (script, env) =>
  children.push(spawn('node', [script], { env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit'] }));

// The application believes the gate alone, by its signature; what the pack calls public needs none.
const routes = /** @type {{ path: string, public?: boolean }[]} */ (
  parse(readFileSync(join(pack, 'routes.toml'), 'utf8')).route ?? []
);
const open = routes.filter((route) => route.public).map((route) => encodeURI(route.path.split('{')[0]));
serve('tools/origin.mjs', {
  PORT: String(ORIGIN),
  GATE_JWKS: `${gate}/.palisade/jwks.json`,
  GATE_PUBLIC: open.join(','),
  ORIGIN_AUDIENCE: `http://127.0.0.1:${ORIGIN}`,
});
// Of a pack that only has the name of one that has an example, it would list what is not there.
const example = pack === join('policies', name) ? EXAMPLES[name] : undefined;
if (example) serve('tools/example.mjs', { PACK: name, GATE: gate, PORT: String(EXAMPLE) });
// Tokens are of the type that most packs call so, or of the pack's own.
const { table: tables = {} } = /** @type {{ table?: Record<string, { kind: string, as?: string }> }} */ (
  parse(readFileSync(join(pack, 'model.toml'), 'utf8'))
);
const principals = Object.entries(tables).flatMap(([name, { kind, as }]) => (kind === 'principal' ? [as ?? name] : []));
const principal = principals.includes('User') ? 'User' : principals[0];
// With it the playground publishes here whatever pack is served. Another one at each start, and of this gate alone.
const adminKey = randomBytes(16).toString('hex');
const adminKeyHash = createHash('sha256').update(adminKey).digest('hex');
const worker = spawn(
  'wrangler',
  [
    ...['dev', '--config', settings, '--local', '--ip', '127.0.0.1', '--port', String(GATE), '--persist-to', join(state, 'd1')],
    ...['--var', `ORIGIN:http://127.0.0.1:${ORIGIN}`, '--var', `ISSUERS:${issuers(key, principal)}`],
    // A key for trying things out. Elsewhere it is a secret: `node tools/keys.mjs | npx wrangler secret put ASSERTION_KEYS`.
    ...['--var', `PALISADE_ADMIN_KEY_SHA256:${adminKeyHash}`],
    ...['--var', `ASSERTION_KEYS:${trialKeys(TRIAL_KEYS_FILE)}`, '--log-level', 'warn'],
    // What wrangler.toml says of the deployed gate's address and mode does not hold here; empty is as good as none.
    ...['PUBLIC_URL', 'ALLOWED_HOSTS', 'MODE'].flatMap((name) => ['--var', `${name}:`]),
  ],
  { stdio: ['ignore', 'inherit', 'inherit'] },
);
children.push(worker);
worker.on('exit', (code) => die(`the gate stopped (${code})`));

const health = await untilHealthy();
say(`the gate listens on ${gate}, in front of a sample origin on http://127.0.0.1:${ORIGIN}; ${health}`);
say(`it decides by ${pack}; PACK=NAME make run takes another one`);
const tries = TRIES[name];
if (tries) {
  const bearer = tries.bearer ?? token(key, tries.as);
  const curl = `curl -i -H 'Authorization: Bearer ${bearer}'`;
  console.log(`\nallowed, as ${tries.as}:\n  ${curl} '${gate}${tries.allowed}'`);
  console.log(`refused, as ${tries.as}:\n  ${curl} '${gate}${tries.refused}'`);
  console.log(`unauthenticated:\n  curl -i '${gate}${tries.allowed}'\n`);
} else {
  console.log(`\nA token for a principal of yours:  node tools/token.mjs THEIR-ID`);
  console.log(`Then:  curl -i -H 'Authorization: Bearer TOKEN' '${gate}/YOUR/PATH'\n`);
}
console.log(`the playground: ${gate}/.palisade/playground/`);
console.log(`  To change this gate's rules there: Open, A folder, ${pack}; then Changes, Publish, with the token ${adminKey}\n`);
if (example) {
  console.log(`the example: http://127.0.0.1:${EXAMPLE}/example/`);
  const where = `--local --yes --persist-to ${join(state, 'd1')}`;
  console.log(`Change a row and look at it again:\n  npx wrangler d1 execute DB ${where} --command "${example.change}"\n`);
}
console.log('Stop with Ctrl-C.');

async function untilHealthy() {
  for (let attempt = 0; attempt < 240; attempt++) {
    await new Promise((done) => setTimeout(done, 250));
    try {
      const response = await fetch(`${gate}/.palisade/health`);
      if (response.ok) return (await response.text()).trim();
    } catch {
      // Not listening yet.
    }
  }
  return die('the gate did not come up within a minute; what it printed stands above');
}
