// SPDX-License-Identifier: Apache-2.0
// What can be written at a place of model.toml, tests.toml and routes.toml.
import { type Option, type Options, MOST } from './complete.ts';
import {
  ACTION_KEYS,
  CEDAR_TYPES,
  CORS_KEYS,
  EXTERNAL_KEYS,
  type Key,
  KEYS,
  KINDS,
  METHODS,
  PAIR_KEYS,
  ROUTE_KEYS,
  TABLE_KEYS,
  TEST_KEYS,
  VALUE_TYPES,
} from './explain.ts';
import { headers, type TomlPlace, tomlPlace } from './toml.ts';
import { actionsOn, type KnownTable, type Vocabulary } from './vocabulary.ts';
import type { Kind } from '../engine/shapes.ts';

// --- model.toml ------------------------------------------------------------------------------------------------------

export function completeModel(text: string, at: number, words: Vocabulary, asked: boolean): Options | undefined {
  const place = tomlPlace(text, at);
  const { section, from, begun } = place;
  if (place.at === 'comment') return undefined;
  if (place.at === 'header' || (place.at === 'key' && section.length === 0)) {
    return begun || asked ? { from, options: modelHeaders(text, at, from, words) } : undefined;
  }
  const table = section[0] === 'table' ? words.tables.get(section[1] ?? '') : undefined;
  if (place.at === 'key') {
    if (!begun && !asked) return undefined;
    const keys = [...keysHere(place, modelKeys(place)), ...innerKeys(place, table, words)];
    return {
      from,
      options: startsLine(place, text) ? [...keys, ...modelHeaders(text, at, from, words).map(last)] : keys,
    };
  }
  return finish(place, text, at, asked, modelValues(place, table, words));
}

function modelHeaders(text: string, at: number, from: number, words: Vocabulary): Option[] {
  const there = new Set(headers(text).map(({ path }) => path.join('\0')));
  const end = text.slice(at).match(/^\]?/)![0];
  const head = (path: string[], detail: string, info: string, boost: number): Option => {
    const header = `[${path.map(bare).join('.')}]`;
    return {
      label: header,
      detail,
      info,
      apply: header.slice(0, header.length - end.length),
      from,
      kind: 'class',
      boost,
    };
  };
  const tables = [...words.tables.keys()]
    .filter((name) => !there.has(`table\0${name}`))
    .map((name) => head(['table', name], 'not yet there', `What the table ${name} means.`, 10));
  const actions = words.actions.filter(({ id }) => !there.has(`action\0${id}`)).slice(0, MOST);
  return [
    ...tables,
    ...actions.map(({ id }) =>
      head(['action', id], 'an action', 'What comes with it, what it applies to, its context.', 0),
    ),
    ...(there.has('context')
      ? []
      : [
          head(
            ['context'],
            'of every request',
            'Attributes of every request: name = "Type", with ? where it may be missing.',
            -1,
          ),
        ]),
    head(
      ['external', 'Bucket'],
      'a type from outside',
      'A type of resource that is not in the database; its entities come with the request.',
      -2,
    ),
  ];
}

/** Where a key of a section can stand and nothing was begun, another section can begin as well. */
const startsLine = ({ begun, path, from }: TomlPlace, text: string) =>
  !begun && path.length === 0 && /^[ \t]*$/.test(text.slice(text.lastIndexOf('\n', from - 1) + 1, from));
const last = (option: Option): Option => ({ ...option, boost: -95 });

/** As a key of TOML is written. */
const bare = (key: string) => (/^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key));

const kindOf = (place: TomlPlace) => place.entries.get('kind')?.replace(/^["']|["'].*$/g, '') as Kind | undefined;

/** The keys that a section takes. */
function modelKeys(place: TomlPlace): Record<string, Key> {
  const { section, path } = place;
  if (path.length > 0) return {};
  switch (section[0]) {
    case 'table': {
      const kind = kindOf(place);
      const keys = kind === undefined ? undefined : KEYS[kind];
      if (keys === undefined) return { kind: TABLE_KEYS['kind']! };
      return Object.fromEntries(['kind', ...keys.must, ...keys.may].map((key) => [key, keyOf(key, kind)]));
    }
    case 'action':
      return ACTION_KEYS;
    case 'external':
      return EXTERNAL_KEYS;
    default:
      return {};
  }
}

/** A few keys say another thing in another kind of table. */
export function keyOf(key: string, kind: Kind | undefined): Key {
  const of = TABLE_KEYS[key]!;
  if (key === 'role' && kind === 'principal')
    return { ...of, says: 'The column that refers to the role which the principal holds.' };
  if (key === 'action' && kind === 'acl')
    return { ...of, says: 'What may be done: a column, or a pattern over columns.' };
  return of;
}

function keysHere({ entries, path }: TomlPlace, keys: Record<string, Key>): Option[] {
  return Object.entries(keys)
    .filter(([name]) => path.length > 0 || !entries.has(name))
    .map(([name, key], at) => keyOption(name, key, -Math.min(at, 90)));
}

function keyOption(name: string, { says, form, begins }: Key, boost: number): Option {
  const value = begins ?? { text: '"${}"', list: '["${}"]', value: '${}' }[form];
  return { label: name, info: says, apply: `${name} = ${value}`, snippet: true, kind: 'property', boost };
}

/** Keys within `{ … }`. */
function innerKeys({ section, path, siblings }: TomlPlace, table: KnownTable | undefined, words: Vocabulary): Option[] {
  const fresh = (names: string[]) => names.filter((name) => !siblings.includes(name));
  const pairs = (...names: string[]) => fresh(names).map((name) => keyOption(name, PAIR_KEYS[name]!, 0));
  const columns = (detail: string, value: string, list = table?.columns.map(({ name }) => name) ?? []) =>
    fresh(list).map((name): Option => ({
      label: name,
      detail,
      apply: `${bare(name)} = ${value}`,
      snippet: true,
      kind: 'property',
    }));
  const types = VALUE_TYPES;
  switch (path[0]) {
    case 'live':
      return pairs('column', 'equals', 'is_null');
    case 'scope':
    case 'subject':
    case 'object':
      return path[1] === 'types' ? tableWords(fresh, words) : pairs('type', 'id', 'types');
    case 'resource':
      return path[1] === 'types' ? tableWords(fresh, words) : pairs('column', 'types', 'otherwise');
    case 'references': {
      const foreign = table?.columns.filter((column) => column.foreign).map(({ name }) => name) ?? [];
      return columns('leads to', '"${TABLE}"', foreign.length > 0 ? foreign : undefined);
    }
    case 'expose':
      return columns('why it is shown', '"${why}"');
    case 'context':
      return section[0] === 'table' ? columns('in the context', '"${column}"') : [];
    default:
      return section[0] === 'context' && path.length === 0
        ? types.map((type): Option => ({
            label: `name = "${type}?"`,
            apply: `\${name} = "${type}?"`,
            snippet: true,
            kind: 'property',
          }))
        : [];
  }
}

const tableWords = (fresh: (names: string[]) => string[], words: Vocabulary) =>
  fresh([...words.types.values()].flatMap(({ table }) => (table === null ? [] : [table]))).map((name): Option => {
    return { label: name, apply: `${bare(name)} = "\${}"`, snippet: true, kind: 'property' };
  });

function modelValues(place: TomlPlace, table: KnownTable | undefined, words: Vocabulary): Option[] {
  const { section, path } = place;
  const key = path[0] ?? '';
  const inner = path.at(-1) ?? '';
  const entities = () => [...words.types.keys()].map(typeOption);
  const columns = (prefer?: (column: KnownTable['columns'][number]) => boolean) => columnOptions(table, prefer);
  if (
    section[0] === 'context' ||
    (path.length > 1 && (key === 'context' || key === 'attributes') && section[0] !== 'table')
  ) {
    return [
      ...VALUE_TYPES.flatMap((type) => [type, `${type}?`]).map((type) => ({
        ...typeOption(type),
        detail: CEDAR_TYPES[type.replace('?', '')] ?? '',
      })),
      ...entities(),
    ];
  }
  if (section[0] === 'action' || section[0] === 'external') {
    if (key === 'implies') return actions(words);
    return key === 'resources' || key === 'parents' ? entities() : [];
  }
  if (section[0] !== 'table') return [];
  if (path.length > 1) {
    if (path[1] === 'types') return entities();
    if (key === 'references') return [...words.tables.keys()].map((label): Option => ({ label, kind: 'class' }));
    if (key === 'member_actions') return actions(words);
    if (inner === 'otherwise') return [{ label: 'any', detail: 'every type', kind: 'constant' }];
    return inner === 'type' || inner === 'id' || inner === 'column' || key === 'context' ? columns() : [];
  }
  const { of } = TABLE_KEYS[key] ?? {};
  switch (of) {
    case 'kind':
      return Object.entries(KINDS).map(([label, info]): Option => ({ label, info, kind: 'constant' }));
    case 'action':
      return actions(words);
    case 'type':
      return table === undefined
        ? []
        : [{ label: table.means?.type ?? singular(table.name), detail: 'its entity type', kind: 'type' }];
    case 'boolean': {
      const booleans = columns(({ type }) => /bool|bit|tinyint/i.test(type));
      if (key !== 'live') return booleans;
      return booleans.flatMap((one): Option[] => [
        one,
        { ...one, label: `!${one.label}`, detail: 'must be false', boost: (one.boost ?? 0) - 1 },
      ]);
    }
    case 'foreign':
      return columns(({ foreign, primary }) => foreign && !primary);
    case 'column':
      return key === 'action' ? [...patterns(table), ...columns()] : columns();
    default:
      return [];
  }
}

const typeOption = (label: string): Option => ({ label, kind: 'type' });
const actions = (words: Vocabulary) =>
  words.actions.slice(0, MOST).map(({ id, resources, declared }): Option => {
    return { label: id, detail: resources.slice(0, 3).join(', '), kind: 'constant', boost: declared ? 1 : 0 };
  });

function columnOptions(
  table: KnownTable | undefined,
  prefer: (column: KnownTable['columns'][number]) => boolean = () => false,
): Option[] {
  return (table?.columns ?? []).map((column): Option => {
    const { name, type, primary, foreign, nullable } = column;
    const detail = [
      type,
      primary ? 'primary key' : '',
      foreign ? 'foreign key' : '',
      nullable === true ? 'may be NULL' : '',
    ].filter((text) => text !== '');
    return { label: name, detail: detail.join(', '), kind: 'property', boost: prefer(column) ? 10 : 0 };
  });
}

/** Actions are often written over two columns. */
function patterns(table: KnownTable | undefined): Option[] {
  const names = new Set(table?.columns.map(({ name }) => name));
  return names.has('resource') && names.has('action')
    ? [{ label: '{resource}:{action}', detail: 'a pattern over columns', kind: 'text', boost: 20 }]
    : [];
}

/** `USER_SESSIONS` as an entity type: `UserSession`. */
function singular(table: string): string {
  const words = table.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
  const joined = words
    .map((word) => word[0]!.toUpperCase() + (word === word.toUpperCase() ? word.slice(1).toLowerCase() : word.slice(1)))
    .join('');
  return joined.replace(/ies$/, 'y').replace(/([^s])s$/, '$1');
}

// --- tests.toml and routes.toml --------------------------------------------------------------------------------------

export function completeTests(text: string, at: number, words: Vocabulary, asked: boolean): Options | undefined {
  const place = tomlPlace(text, at);
  const { section, from, begun, path } = place;
  if (place.at === 'comment') return undefined;
  if (place.at === 'header' || (place.at === 'key' && section.length === 0)) {
    if (!begun && !asked) return undefined;
    const options = [newTest(from)];
    if (section.length === 0 && !place.entries.has('at'))
      options.push(keyOption('at', { ...TEST_KEYS['at']!, says: 'The instant of all tests that give none.' }, 5));
    return { from, options };
  }
  if (place.at === 'key') {
    if (!begun && !asked) return undefined;
    const keys = path.length > 0 ? contextKeys(place, words) : entityKeys(place, TEST_KEYS);
    return { from, options: startsLine(place, text) ? [...keys, last(newTest(from))] : keys };
  }
  return finish(place, text, at, asked, valuesOf(TEST_KEYS[path[0] ?? ''], place, words));
}

const newTest = (from: number): Option => ({
  label: '[[test]]',
  detail: 'a decision that must hold',
  apply:
    '[[test]]\nname = "${what must hold}"\nprincipal = \'${User::"ann"}\'\n' +
    'action = "${read}"\nresource = \'${Document::"d1"}\'\nexpect = "${allow}"\n',
  snippet: true,
  from,
  kind: 'class',
});

/** Literals have quotes of their own, so they stand in single ones. */
const entityKeys = (place: TomlPlace, keys: Record<string, Key>) =>
  keysHere(place, keys).map((option) =>
    keys[option.label]?.of === 'entity' ? { ...option, apply: `${option.label} = '\${}'` } : option,
  );

function contextKeys({ entries, siblings }: TomlPlace, words: Vocabulary): Option[] {
  const id = (entries.get('action') ?? '').replace(/^["']|["'].*$/g, '');
  const action = words.actions.find((one) => one.id === id);
  return (action?.context ?? [])
    .filter(({ name }) => !siblings.includes(name))
    .map(({ name, type, optional }): Option => {
      return {
        label: name,
        detail: `${type}${optional ? '?' : ''}`,
        apply: `${bare(name)} = \${}`,
        snippet: true,
        kind: 'property',
      };
    });
}

export function completeRoutes(text: string, at: number, words: Vocabulary, asked: boolean): Options | undefined {
  const place = tomlPlace(text, at);
  const { section, from, begun, path } = place;
  if (place.at === 'comment') return undefined;
  if (place.at === 'header' || (place.at === 'key' && section.length === 0)) {
    return begun || asked ? { from, options: newRoute(from) } : undefined;
  }
  const keys = section[0] === 'cors' || path[0] === 'cors' ? CORS_KEYS : ROUTE_KEYS;
  if (place.at === 'key') {
    if (!begun && !asked) return undefined;
    if (path.length === 0 || path[0] === 'cors') {
      const options = keysHere(place, keys);
      return { from, options: startsLine(place, text) ? [...options, ...newRoute(from).map(last)] : options };
    }
    if (path[0] === 'resource' || path.length > 1)
      return { from, options: ['type', 'id'].filter((key) => !place.siblings.includes(key)).map(routePair) };
    const id = (place.entries.get('action') ?? '').replace(/^["']|["'].*$/g, '');
    const context = words.actions.find((one) => one.id === id)?.context ?? [];
    return {
      from,
      options: context.map(({ name, type }): Option => ({
        label: name,
        detail: type,
        apply: `${bare(name)} = "{query.\${${bare(name)}}}"`,
        snippet: true,
        kind: 'property',
      })),
    };
  }
  if (path.at(-1) === 'type') return finish(place, text, at, asked, [...words.types.keys()].map(typeOption));
  return finish(place, text, at, asked, path.length === 1 ? valuesOf(keys[path[0] ?? ''], place, words) : []);
}

const newRoute = (from: number): Option[] => [
  {
    label: '[[route]]',
    detail: 'a path and what it asks for',
    apply:
      '[[route]]\nmethod = "${GET}"\npath = "/${documents}/{${id}}"\n' +
      'action = "${read}"\nresource = { type = "${Document}", id = "{${id}}" }\n',
    snippet: true,
    from,
    kind: 'class',
  },
  {
    label: '[cors]',
    detail: 'pages of other origins',
    apply: '[cors]\norigins = ["${https://app.example.com}"]\n',
    snippet: true,
    from,
    kind: 'class',
  },
];

const routePair = (name: string): Option => ({
  label: name,
  info:
    name === 'type'
      ? 'The entity type.'
      : 'Where the id stands: {name} of the path, {query.name}, {header.name}, {body./json/pointer}.',
  apply: `${name} = "\${}"`,
  snippet: true,
  kind: 'property',
});

function valuesOf(key: Key | undefined, { entries }: TomlPlace, words: Vocabulary): Option[] {
  switch (key?.of) {
    case 'method':
      return METHODS.map((label): Option => ({ label, kind: 'constant' }));
    case 'decision':
      return ['allow', 'deny'].map((label): Option => ({ label, kind: 'constant' }));
    case 'action': {
      const type = /\btype\s*=\s*["'](\w+)|^'?(\w+)::/.exec(entries.get('resource') ?? '');
      const name = type?.[1] ?? type?.[2];
      return actionsOn(words, name === undefined ? [] : [name]).slice(0, MOST).map(({ id, resources }): Option => {
        return { label: id, detail: resources.slice(0, 3).join(', '), kind: 'constant' };
      });
    }
    case 'entity': {
      const principal = key === TEST_KEYS['principal'];
      return [...words.types.values()]
        .filter((type) => (principal ? type.principal : type.resource))
        .flatMap(({ name }) => (words.entities[name] ?? []).slice(0, MOST).map(({ id, label }): Option => {
          return { label: `${name}::${JSON.stringify(id)}`, detail: label ?? '', kind: 'constant' };
        }));
    }
    default:
      return [];
  }
}

// --- Values ----------------------------------------------------------------------------------------------------------

/** Values stand in quotes: those that are open, or new ones. */
function finish(place: TomlPlace, text: string, at: number, asked: boolean, options: Option[]): Options | undefined {
  const { quote, from, begun, items } = place;
  if (options.length === 0 || (!begun && !asked)) return undefined;
  const fresh = options.filter(({ label }) => !items.includes(label)).slice(0, 5 * MOST);
  if (quote !== undefined) {
    const end = text[at] === quote ? '' : quote;
    const written = (label: string) => (quote === '"' ? JSON.stringify(label).slice(1, -1) : label) + end;
    return { from, options: fresh.map((option) => ({ ...option, apply: written(option.label) })) };
  }
  return {
    from,
    options: fresh.map((option) => ({
      ...option,
      apply: option.label.includes('"') ? `'${option.label}'` : JSON.stringify(option.label),
    })),
  };
}
