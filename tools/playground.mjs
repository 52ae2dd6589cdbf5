// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The gate's settings with the playground: wrangler.toml, with the lines that it has for it as a comment taken in.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const MARK = '# [assets]\n';
const FILE = '.wrangler-playground.toml';

/** Writes the settings, and says where. Beside wrangler.toml, since paths in it count from there. */
export function withPlayground() {
  if (!existsSync('build/playground/index.html')) throw new Error('there is no build/playground: run `make playground` first');
  const text = readFileSync('wrangler.toml', 'utf8');
  const start = text.indexOf(MARK);
  const end = text.indexOf('\n\n', start);
  if (start < 0 || end < 0) throw new Error('wrangler.toml has no commented [assets] any more: look at tools/playground.mjs');
  writeFileSync(FILE, text.slice(0, start) + text.slice(start, end).replaceAll(/^# /gm, '') + text.slice(end));
  return FILE;
}
