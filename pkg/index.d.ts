// SPDX-License-Identifier: Apache-2.0
// What the package exports. `palisade compile` writes the Pack of your policies: with it, a misspelt action does not compile.

/** A value of a context. A number is a whole one; a bigint is for those that no number holds exactly. */
export type Value =
  | boolean
  | number
  | bigint
  | string
  | { readonly __entity: Entity }
  | { readonly __extn: { readonly fn: 'ip' | 'decimal' | 'datetime' | 'duration'; readonly arg: string } }
  | readonly Value[]
  | { readonly [name: string]: Value };

export interface Entity<Type extends string = string> {
  readonly type: Type;
  readonly id: string;
}

/** What `palisade compile` writes for a pack. */
export interface PackShape {
  action: string;
  principal: string;
  resource: string;
  contexts: object;
}

/** Without types of a pack, every name goes. */
export interface AnyPack extends PackShape {
  contexts: Record<string, Record<string, Value>>;
}

/**
 * Names the pack once for everything, hooks and components too:
 * `declare module 'palisade-gate' { interface Register { pack: Pack } }`
 */
export interface Register {}

export type DefaultPack = Register extends { pack: infer P extends PackShape } ? P : AnyPack;

/** `Document:42`, or `{ type: 'Document', id: '42' }`. */
export type Resource<P extends PackShape = DefaultPack> =
  (string extends P['resource'] ? string : `${P['resource']}:${string}`) | Entity<P['resource']>;

/** What an action's context may hold. */
export type Context<P extends PackShape, A extends P['action']> = A extends keyof P['contexts']
  ? keyof P['contexts'][A] extends never
    ? Record<string, never>
    : P['contexts'][A]
  : Record<string, Value>;

export type State = 'allowed' | 'denied' | 'pending';
export type Status = 'connecting' | 'ready' | 'expired' | 'signed-out' | 'failed' | 'closed';
export type Code = keyof typeof SENTENCES;

/** The sentences of `explain`, by code; ACTION stands for what is asked. */
export const SENTENCES: Readonly<
  Record<
    | 'allowed'
    | 'pending'
    | 'expired'
    | 'signed-out'
    | 'no-grant'
    | 'not-found-or-not-yours'
    | 'forbidden'
    | 'incomplete',
    string
  >
>;

export interface Explanation<P extends PackShape = DefaultPack> {
  state: State;
  /** Translate by this. */
  code: Code;
  /** In English, for the person in front of the screen. */
  text: string;
  /** What the author of the rules that forbid it says. */
  reasons: string[];
  /** What may be done with the resource. */
  allowed: P['action'][];
}

export interface Options<P extends PackShape = DefaultPack> {
  /** Where the edge answers; `/.palisade/bundle` by default. */
  url?: string | URL;
  /** Types that are loaded whole. */
  types?: readonly P['resource'][];
  /** Single things that are loaded from the start and stay. */
  resources?: readonly Resource<P>[];
  /** Sent along, such as `Authorization`. A function is called for each request. */
  headers?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>);
  /** `same-origin` by default, as for `fetch`. */
  credentials?: RequestCredentials;
  /** The engine: where it is, what it is, or a request for it. Beside this file by default. */
  wasm?: URL | string | Response | Promise<Response> | BufferSource | WebAssembly.Module;
  /** Milliseconds between renewals while the page is seen: 60,000 by default, 0 for none but those before the time is up. */
  every?: number;
  /** In place of the page's own. */
  fetch?: typeof globalThis.fetch;
  /** Fetch though there is no document, as in a worker. */
  server?: boolean;
  /** `console.error` by default. What is wrong with the page is told once. */
  onError?: (error: GateError) => void;
}

export interface GateError extends Error {
  /** Asking again does not help. */
  final?: boolean;
  /** Of the edge's answer. */
  status?: number;
  /** The edge's own name for it. */
  code?: string;
}

export interface Gate<P extends PackShape = DefaultPack> {
  /** Whether it is known, and allowed. Never throws. */
  can<A extends P['action']>(action: A, resource: Resource<P> | null | undefined, context?: Context<P, A>): boolean;
  check<A extends P['action']>(action: A, resource: Resource<P> | null | undefined, context?: Context<P, A>): State;
  /** Why, in words fit for an end user. Costs more than `check`. */
  explain<A extends P['action']>(
    action: A,
    resource: Resource<P> | null | undefined,
    context?: Context<P, A>,
  ): Explanation<P>;
  /** The ids that are allowed of a type that was loaded whole. */
  list<A extends P['action']>(action: A, type: P['resource'], context?: Context<P, A>): string[];
  /** Those that are allowed: names, entities, or whatever has or is given a `resource`. */
  list<A extends P['action'], One extends Resource<P> | { readonly resource: Resource<P> }>(
    action: A,
    from: Iterable<One>,
    context?: Context<P, A>,
  ): One[];
  list<A extends P['action'], One>(
    action: A,
    from: Iterable<One>,
    context: Context<P, A> | undefined,
    resource: (one: One) => Resource<P> | null | undefined,
  ): One[];
  /**
   * Calls whenever `can` may answer something else, and after every renewal. Ask again then: what nobody asks about is
   * not kept up to date for ever. Returns how to stop.
   */
  subscribe(listener: () => void): () => void;
  /** Renews now. Does not reject: what fails is told to `onError`. */
  refresh(): Promise<void>;
  /** As the page's own; an answer of 401 or 403 leads to a renewal. Adds no headers. */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** The first bundle is there. Rejects where another attempt would not help. */
  readonly ready: Promise<void>;
  readonly status: Status;
  readonly principal: Entity<P['principal']> | undefined;
  readonly revision: number | undefined;
  readonly expires: Date | undefined;
  /** Lets go of everything. What is asked afterwards is pending. */
  close(): void;
}

/**
 * A gate with its first bundle. Rejects where another attempt would not help; while the edge is away it keeps trying.
 * Without a document, as on a server, it resolves at once and everything is pending.
 */
export function connect<P extends PackShape = DefaultPack>(options?: Options<P>): Promise<Gate<P>>;

/** A gate at once, for frameworks: everything is pending until its first bundle is there. */
export function open<P extends PackShape = DefaultPack>(options?: Options<P>): Gate<P>;
