// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The playground's files, where the Worker has them: wrangler.toml binds them as PLAYGROUND. They are the same for everybody
// and hold nothing of anybody's, so that nobody is asked for a token here; what the page asks of the gate itself is decided
// like everything else. Their headers, and with them the Content-Security-Policy, stand in www/public/_headers.

/** Where the playground lies. */
const PATH = '/.palisade/playground';

/** How the files are named. Whatever is written in any other way, by percent signs or empty segments, names none. */
const NAME = /^(?:\/[\w-][\w.-]*)+$/;

/**
 * The answer to a request for the playground; undefined where it is for something else, which the gate then judges.
 *
 * @param {Pick<Request, 'url' | 'method' | 'headers'>} request
 * @param {{ PLAYGROUND?: { fetch: (request: Request) => Promise<Response> }, PUBLIC_URL?: string, ALLOWED_HOSTS?: string }} env
 * @returns {Response | Promise<Response> | undefined}
 */
export function playground(request, env) {
  const files = env.PLAYGROUND;
  if (files === undefined) return undefined;
  const host = request.url.indexOf('/', request.url.indexOf('//') + 2);
  if (!request.url.startsWith(PATH, host)) return undefined;
  const { pathname, search, origin } = new URL(request.url);
  // A path that has two readings is the gate's to refuse, and so is a host that is not its own.
  if (request.url.slice(host) !== pathname + search || !isMeant(origin, env)) return undefined;
  if (pathname !== PATH && !pathname.startsWith(`${PATH}/`)) return undefined;
  if (request.method !== 'GET' && request.method !== 'HEAD') return problem(405, 'Method Not Allowed', { allow: 'GET, HEAD' });
  // Relative, since something in front may have taken the beginning of the path away.
  if (pathname === PATH) return new Response(null, { status: 308, headers: { location: 'playground/' } });
  const name = pathname === `${PATH}/` ? '/index.html' : pathname.slice(PATH.length);
  return NAME.test(name) ? file(request, files, origin + name) : notFound();
}

/**
 * @param {Pick<Request, 'method' | 'headers'>} request
 * @param {{ fetch: (request: Request) => Promise<Response> }} files
 * @param {string} url
 */
async function file({ method, headers: sent }, files, url) {
  // Nothing else of what was sent is any concern of theirs: cookies and tokens least of all.
  const headers = new Headers();
  for (const name of ['if-none-match', 'accept-encoding']) {
    const value = sent.get(name);
    if (value !== null) headers.set(name, value);
  }
  const answer = await files.fetch(new Request(url, { method, headers, redirect: 'manual' }));
  // Theirs of what is not there has the headers of what would be: a browser would remember it for a year.
  return answer.status === 200 || answer.status === 304 ? answer : notFound();
}

/**
 * Whether the gate would answer under this origin (src/gateway/public_url.rs), as PUBLIC_URL and ALLOWED_HOSTS say.
 *
 * @param {string} origin
 * @param {{ PUBLIC_URL?: string, ALLOWED_HOSTS?: string }} env
 */
function isMeant(origin, { PUBLIC_URL = '', ALLOWED_HOSTS = '' }) {
  if (PUBLIC_URL === '') return true;
  const scheme = PUBLIC_URL.slice(0, PUBLIC_URL.indexOf('://') + 3);
  const also = ALLOWED_HOSTS.split(',').map((host) => scheme + host.trim());
  return [PUBLIC_URL, ...also].some((one) => URL.canParse(one) && new URL(one).origin === origin);
}

const notFound = () => problem(404, 'Not Found');

/** @param {number} status @param {string} title @param {Record<string, string>} [headers] */
const problem = (status, title, headers) =>
  new Response(JSON.stringify({ type: 'about:blank', title, status }), {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...headers },
  });
