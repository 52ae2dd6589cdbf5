// SPDX-License-Identifier: Apache-2.0
// What the page says to the gate that serves it, where one does: which bundle is in force, what a new one would change
// there, and publishing it. The token travels in `Authorization` alone, and no cookie goes along.
import type { Changes, Flip } from '../engine/shapes.ts';
import { uidOf } from './groups.ts';

const PLAYGROUND = '/.palisade/playground/';
/** A gate that says nothing for so long is not waited for. */
const PATIENCE = 60_000;

export interface Gate {
  /** What stands before `/.palisade/` in its addresses. */
  prefix: string;
}

export interface Publication {
  number: number;
  author: string;
  note: string;
  /** When it was published. */
  at: string;
}

export interface History {
  /** The number of the bundle in force; 0 for none. */
  active: number;
  bundles: Publication[];
}

export interface Published {
  /** Null after a dry run. */
  number: number | null;
  base: number;
  /** Whether Cedar came to the same program. */
  checked: boolean;
  comparison: Changes | null;
  /** Why nothing was compared. */
  notCompared: string;
}

/** A refusal in words. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** Another bundle came into force since the comparison. */
  get overtaken(): boolean {
    return this.status === 409;
  }
}

type Fetch = typeof fetch;
type Json = Record<string, unknown>;

/** The gate that serves this page; null where it comes from anywhere else. Only a page at a gate's own address asks. */
export async function probe(pathname: string, send: Fetch): Promise<Gate | null> {
  const at = pathname.indexOf(PLAYGROUND);
  if (at < 0) return null;
  const prefix = pathname.slice(0, at);
  try {
    const answer = await send(`${prefix}/.palisade/health`, {
      credentials: 'omit',
      cache: 'no-store',
      signal: AbortSignal.timeout(10_000),
    });
    const body = (await answer.json()) as Json | null;
    // A gate that cannot decide now is one, too: a new bundle may be what helps it.
    return typeof body?.status === 'string' && 'version' in body ? { prefix } : null;
  } catch {
    return null;
  }
}

export async function history(gate: Gate, token: string, send: Fetch): Promise<History> {
  const body = await call(gate, token, 'bundles?limit=10', undefined, send);
  const list = Array.isArray(body.bundles) ? (body.bundles as Json[]) : [];
  return {
    active: typeof body.active === 'number' ? body.active : 0,
    bundles: list.map((one) => ({
      number: Number(one.number),
      author: text(one.author),
      note: text(one.note),
      at: text(one.published_at),
    })),
  };
}

export interface Wanted {
  bundle: string;
  /** The number of the bundle that is compared with. */
  base: number;
  note: string;
  dryRun: boolean;
}

export async function publish(
  gate: Gate,
  token: string,
  { bundle, base, note, dryRun }: Wanted,
  send: Fetch,
): Promise<Published> {
  return read(await call(gate, token, 'bundles', { bundle, base, note, activate: true, dry_run: dryRun }, send));
}

/** A token as it is pasted: often with the header's name or the scheme before it. */
export const tokenOf = (pasted: string) => pasted.trim().replace(/^(?:authorization:\s*)?bearer\s+/i, '');

async function call(gate: Gate, token: string, path: string, body: object | undefined, send: Fetch): Promise<Json> {
  // No header can carry it, and the browser would say only that nothing came back.
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new Refused(401, 'no-token', 'This is no token: it has spaces or signs that no token has.');
  let answer: Response;
  try {
    answer = await send(`${gate.prefix}/.palisade/api/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      credentials: 'omit',
      cache: 'no-store',
      redirect: 'error',
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch {
    throw new Refused(
      0,
      'unreachable',
      'The gate does not answer. Nothing is known to have been published: compare again before you try once more.',
    );
  }
  const read: unknown = await answer.json().catch(() => null);
  const json: Json = typeof read === 'object' && read !== null ? (read as Json) : {};
  if (answer.ok) return json;
  throw new Refused(answer.status, text(json.code), refusal(answer.status, text(json.detail)));
}

const text = (value: unknown) => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '');

/** A refusal for those who read no status codes. */
function refusal(status: number, detail: string): string {
  const more = detail === '' ? '' : ` The gate says: ${detail}`;
  switch (status) {
    case 401:
      return 'The gate does not know this token: it may have expired, or be of another gate.';
    case 403:
      return (
        'Whoever this token is of may not do this. Comparing and publishing need the actions palisade:history and ' +
        `palisade:publish on the gate.${more}`
      );
    case 409:
      return (
        'Another bundle is in force by now, and nothing was published. Compare again: what you see then is the ' +
        `difference to that one.${more}`
      );
    case 413:
      return `The bundle is too large.${more}`;
    case 422:
      return `The gate cannot use this bundle, and nothing was published.${more}`;
    case 429:
      return 'These were too many requests: wait a minute, and try again.';
    case 404:
      return 'This gate has no administration at this address.';
    default:
      return status >= 500 ? `The gate cannot do this now.${more}` : `The gate refuses (${status}).${more}`;
  }
}

function read(body: Json): Published {
  return {
    number: typeof body.number === 'number' ? body.number : null,
    base: typeof body.base === 'number' ? body.base : 0,
    checked: body.checked === true,
    comparison: comparisonOf(body.comparison),
    notCompared: text(body.not_compared),
  };
}

/** A gate names entities as Cedar writes them. */
export function comparisonOf(value: unknown): Changes | null {
  if (typeof value !== 'object' || value === null) return null;
  const json = value as Json;
  const number = (name: string) => (typeof json[name] === 'number' ? json[name] : 0);
  const list = (of: unknown) => (Array.isArray(of) ? of : []);
  const flips = list(json.flips).flatMap((one: Json): Flip[] => {
    const principal = uidOf(text(one.principal));
    const resource = uidOf(text(one.resource));
    if (principal === undefined || resource === undefined) return [];
    const outcome = (word: unknown) => (word === 'allow' ? 'allow' : 'deny');
    const because = (of: unknown) =>
      list(of).map((reason: Json) => ({ policy: text(reason.policy), source: text(reason.source) }));
    return [
      {
        principal,
        action: text(one.action),
        resource,
        before: outcome(one.before),
        after: outcome(one.after),
        because_before: because(one.because_before),
        because_after: because(one.because_after),
      },
    ];
  });
  return {
    questions: number('questions'),
    asked: number('asked'),
    sampled: json.sampled === true,
    gained: number('gained'),
    lost: number('lost'),
    flips,
    without_context: list(json.without_context).map(text),
  };
}
