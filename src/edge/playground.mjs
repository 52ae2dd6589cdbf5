// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The playground's files, where the Worker has them: wrangler.toml binds them as PLAYGROUND. They are the same for everybody
// and hold nothing of anybody's, so that nobody is asked for a token here; what the page asks of the gate itself is decided
// like everything else. Their headers, and with them the Content-Security-Policy, stand in www/public/_headers.

/** Where the playground lies. */
const PATH = '/.palisade/playground';

/**
 * The answer to a request for the playground; undefined where it is for something else, which the gate then judges.
 *
 * @param {Request} request
 * @param {{ fetch: typeof fetch } | undefined} files
 * @returns {Response | Promise<Response> | undefined}
 */
export function playground(request, files) {
  if (files === undefined) return undefined;
  const host = request.url.indexOf('/', request.url.indexOf('//') + 2);
  if (!request.url.startsWith(PATH, host)) return undefined;
  const { pathname, origin } = new URL(request.url);
  if (pathname === PATH) return new Response(null, { status: 308, headers: { location: `${PATH}/` } });
  if (!pathname.startsWith(`${PATH}/`)) return undefined;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return new Response('{"type":"about:blank","title":"Method Not Allowed","status":405}', {
      status: 405,
      headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', allow: 'GET, HEAD' },
    });
  }
  const path = pathname.slice(PATH.length);
  const headers = new Headers();
  for (const name of ['if-none-match', 'accept-encoding']) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  return files.fetch(new Request(new URL(path === '/' ? '/index.html' : path, origin), { method: request.method, headers }));
}
