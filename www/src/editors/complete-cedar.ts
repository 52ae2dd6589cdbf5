// SPDX-License-Identifier: Apache-2.0
// What can be written at a place of policies.cedar.
import { type CedarToken, cedarTokens, isName, unquote } from './cedar.ts';
import type { Option, Options } from './complete.ts';
import { MOST } from './complete.ts';
import { CEDAR, CEDAR_TYPES, lookup } from './explain.ts';
import { leadsTo, type Meant, meantBy, type Place, placeAmong } from './scope.ts';
import {
  actionsOn,
  ancestors,
  attributesOf,
  contextOf,
  type FoundAttribute,
  principalTypes,
  resourceTypes,
  type Vocabulary,
} from './vocabulary.ts';

export function completeCedar(text: string, at: number, words: Vocabulary, asked: boolean): Options | undefined {
  const tokens = cedarTokens(text);
  const place = placeAmong(tokens, at);
  const { where, inside, before } = place;
  if (where === 'comment') return undefined;
  if (inside?.kind === 'string') return idsIn(text, inside, at, before, place, words) ?? undefined;
  const word = inside !== undefined && /^[\w@]/.test(inside.text) ? inside : undefined;
  const from = word?.from ?? at;
  const begun = word !== undefined;
  switch (where) {
    case 'top':
      return begun || asked ? { from, options: top(words, before) } : undefined;
    case 'effect':
      return undefined;
    case 'scope':
      return scope(place, from, begun || asked, words, text, at);
    case 'clauses':
      return begun || asked ? { from, options: clauses(before) } : undefined;
    case 'condition':
      return condition(place, from, begun, asked, words, at);
    default:
      return undefined;
  }
}

// --- Outside of policies ---------------------------------------------------------------------------------------------

function top(words: Vocabulary, before: readonly CedarToken[]): Option[] {
  const principal = principalTypes(words)[0] ?? 'User';
  const resource = resourceTypes(words).find((one) => one !== principal) ?? 'Document';
  const action = actionsOn(words, [resource])[0]?.id ?? 'read';
  const head = before.length > 0 ? '' : '@id("${name}")\n';
  const body = (effect: string) =>
    `${head}${effect} (\n    principal is \${${principal}},\n` +
    `    action == Action::\${${plain(JSON.stringify(action))}},\n    resource is \${${resource}}\n)\n`;
  return [
    {
      label: 'permit',
      detail: 'a whole policy',
      info: CEDAR['permit']!,
      apply: `${body('permit')}when { \${resource.owner == principal} };`,
      snippet: true,
      kind: 'keyword',
      boost: 3,
    },
    {
      label: 'forbid',
      detail: 'a whole policy',
      info: CEDAR['forbid']!,
      apply: `${body('forbid')}unless { \${condition} };`,
      snippet: true,
      kind: 'keyword',
      boost: 2,
    },
    { label: '@id', detail: 'its name', info: CEDAR['@id']!, apply: '@id("${name}")', snippet: true, kind: 'property' },
    {
      label: '@reason',
      detail: 'for end users',
      info: CEDAR['@reason']!,
      apply: '@reason("${sentence}")',
      snippet: true,
      kind: 'property',
    },
  ];
}

/** In a field of a snippet, braces would end it. */
const plain = (text: string) => text.replace(/[{}$\\]/g, '');

function clauses(before: readonly CedarToken[]): Option[] {
  return [
    {
      label: 'when',
      detail: 'only where this is true',
      info: CEDAR['when']!,
      apply: 'when { ${condition} }',
      snippet: true,
      kind: 'keyword',
    },
    {
      label: 'unless',
      detail: 'only where this is false',
      info: CEDAR['unless']!,
      apply: 'unless { ${condition} }',
      snippet: true,
      kind: 'keyword',
    },
    ...(before.at(-1)?.text === '}' || before.at(-1)?.text === ')'
      ? [{ label: ';', detail: 'the end of the policy', kind: 'text' } satisfies Option]
      : []),
  ];
}

// --- The scope -------------------------------------------------------------------------------------------------------

const VARIABLES = ['principal', 'action', 'resource'] as const;

function scope(
  place: Place,
  from: number,
  wanted: boolean,
  words: Vocabulary,
  text: string,
  at: number,
): Options | undefined {
  const { before, parts } = place;
  const index = Math.min(place.part, 2);
  const variable = VARIABLES[index]!;
  const part = parts[index]!;
  const meant = meantBy({ parts, condition: [] }, words);
  const last = before.at(-1);
  if (place.inside?.text.endsWith('::')) return ids(place.inside.text.slice(0, -2), at, meant, words);
  if (last?.kind === 'type' && last.text.endsWith('::')) return ids(last.text.slice(0, -2), at, meant, words);
  if (part.length === 0) return wanted ? { from, options: scopePart(variable, words, parts) } : undefined;
  if (last?.text === 'is')
    return {
      from,
      options: typeOptions(variable === 'principal' ? principalTypes(words) : resourceTypes(words), words),
    };
  if (
    last?.text === '==' ||
    last?.text === 'in' ||
    last?.text === '[' ||
    (last?.text === ',' && part.some(({ text }) => text === '['))
  ) {
    if (variable === 'action') {
      const options = actionOptions(meantByResource(parts, words, text, at), words);
      if (last.text === 'in')
        options.unshift({
          label: '[…]',
          detail: 'several actions',
          apply: '[${Action::""}]',
          snippet: true,
          kind: 'text',
          boost: 9,
        });
      return { from, options };
    }
    const types = variable === 'principal' ? principalTypes(words) : resourceTypes(words);
    return { from, options: literalStarts(last.text === 'in' ? [...ancestors(words, types), ...types] : types, words) };
  }
  if (!wanted) return undefined;
  // Behind the variable: how it is compared.
  if (part.length === 1) {
    const options: Option[] = ['==', 'in', 'is'].map((label) => ({ label, info: CEDAR[label]!, kind: 'keyword' }));
    return { from, options: variable === 'action' ? options.slice(0, 2) : options };
  }
  if (part.length === 3 && part[1]!.text === 'is')
    return { from, options: [{ label: 'in', info: CEDAR['in']!, kind: 'keyword' }] };
  return undefined;
}

/**
 * The types of the resource as the scope has it, though it stands behind the action: what follows is looked at for
 * once.
 */
function meantByResource(parts: CedarToken[][], words: Vocabulary, text: string, at: number): string[] {
  if (parts[2]!.length > 0) return meantBy({ parts, condition: [] }, words).resource;
  const after = /^[^;{]*?\bresource\s+is\s+([A-Za-z_]\w*(?:::[A-Za-z_]\w*)*)/.exec(text.slice(at, at + 2000));
  return after?.[1] !== undefined && words.types.has(after[1]) ? [after[1]] : [];
}

function scopePart(variable: (typeof VARIABLES)[number], words: Vocabulary, parts: CedarToken[][]): Option[] {
  const any: Option = { label: variable, detail: 'any', info: CEDAR[variable]!, kind: 'variable', boost: 20 };
  if (variable === 'action') {
    const actions = actionOptions([], words).map((option): Option => {
      return { ...option, label: `action == ${option.label}`, apply: `action == ${option.apply ?? option.label}` };
    });
    return [
      any,
      {
        label: 'action in […]',
        detail: 'several',
        apply: 'action in [${Action::""}]',
        snippet: true,
        kind: 'variable',
        boost: 10,
      },
      ...actions,
    ];
  }
  const types = variable === 'principal' ? principalTypes(words) : meantBy({ parts, condition: [] }, words).resource;
  const is = types.map((type, at): Option => {
    return { label: `${variable} is ${type}`, detail: tableOf(type, words), kind: 'type', boost: 10 - Math.min(at, 9) };
  });
  const within = ancestors(words, types).map((type): Option => {
    return {
      label: `${variable} in ${type}::""`,
      detail: 'that one and all within',
      apply: `${variable} in ${type}::"\${id}"`,
      snippet: true,
      kind: 'class',
    };
  });
  const one = types.map((type): Option => {
    return {
      label: `${variable} == ${type}::""`,
      detail: 'that one alone',
      apply: `${variable} == ${type}::"\${id}"`,
      snippet: true,
      kind: 'class',
      boost: -10,
    };
  });
  return [any, ...is, ...within, ...one];
}

// --- Conditions ------------------------------------------------------------------------------------------------------

function condition(
  place: Place,
  from: number,
  begun: boolean,
  asked: boolean,
  words: Vocabulary,
  at: number,
): Options | undefined {
  const meant = meantBy(place, words);
  const { condition: tokens, inside } = place;
  const last = tokens.at(-1);
  if (inside?.text.endsWith('::')) return ids(inside.text.slice(0, -2), at, meant, words);
  if (last?.kind === 'type' && last.text.endsWith('::')) return ids(last.text.slice(0, -2), at, meant, words);
  if (last?.text === '.') return { from, options: members(tokens.slice(0, -1), last.from, meant, words, tokens) };
  if (last?.text === 'has') return { from, options: presence(tokens.slice(0, -1), from, meant, words) };
  if (last?.text === 'is') return { from, options: typeOptions([...words.types.keys()], words) };
  if (!begun && !asked) return undefined;
  if (last !== undefined && endsExpression(last)) return { from, options: operators(tokens, meant, words) };
  return { from, options: values(tokens, meant, words) };
}

const endsExpression = ({ kind, text }: CedarToken) =>
  ['variable', 'attribute', 'constant', 'number', 'string', 'type'].includes(kind) || text === ')' || text === ']';

/** What can stand behind a dot. */
function members(
  owner: readonly CedarToken[],
  dot: number,
  meant: Meant,
  words: Vocabulary,
  before: readonly CedarToken[],
): Option[] {
  const found = leadsTo(owner, meant, words);
  if (found === undefined) return [];
  const path = pathText(owner);
  const asked = askedFor(before, path);
  const option = (attribute: FoundAttribute) => attributeOption(attribute, dot, path, asked.has(attribute.name));
  if (found.is === 'context') return contextOf(meant.actions).map(option);
  if (found.is === 'action') return [];
  const attributes = attributesOf(words, found.types)
    .filter(({ name }) => name !== 'palisade_row')
    .map(option);
  return [...attributes, ...methods(found.types)];
}

function attributeOption(
  { name, type, optional, of }: FoundAttribute,
  dot: number,
  path: string,
  known: boolean,
): Option {
  const missing = optional && !known;
  return {
    label: name,
    detail: `${type}${missing ? '?' : ''}${of.length === 1 ? '' : `, of ${of.slice(0, 3).join(', ')}`}`,
    kind: 'property',
    ...(missing
      ? { info: `It may be missing. Ask first: \`${path} has ${isName(name) ? name : JSON.stringify(name)}\`` }
      : {}),
    ...(isName(name) ? {} : { apply: `[${JSON.stringify(name)}]`, from: dot }),
  };
}

/** What can stand behind `has`. */
function presence(owner: readonly CedarToken[], from: number, meant: Meant, words: Vocabulary): Option[] {
  const found = leadsTo(owner, meant, words);
  if (found === undefined || found.is === 'action') return [];
  const attributes = found.is === 'context' ? contextOf(meant.actions) : attributesOf(words, found.types);
  return attributes
    .filter(({ name }) => name !== 'palisade_row')
    .map((attribute) => {
      const { name, optional } = attribute;
      return {
        ...attributeOption(attribute, from, '', true),
        ...(isName(name) ? {} : { apply: JSON.stringify(name), from }),
        ...(optional ? { boost: 1 } : { info: 'It is always there: there is no need to ask.' }),
      };
    });
}

/** The attributes of `path` that the condition asked for with `has`. */
function askedFor(tokens: readonly CedarToken[], path: string): Set<string> {
  const names = new Set<string>();
  tokens.forEach(({ text }, at) => {
    const name = tokens[at + 1];
    if (text !== 'has' || name === undefined) return;
    let start = at - 1;
    while (start > 0 && tokens[start - 1]?.text === '.') start -= 2;
    if (pathText(tokens.slice(Math.max(start, 0), at)) === path)
      names.add(name.kind === 'string' ? unquote(name.text) : name.text);
  });
  return names;
}

/** The last expression of these tokens, as text. */
function pathText(tokens: readonly CedarToken[]): string {
  let at = tokens.length - 1;
  while (at > 0) {
    if (tokens[at]!.text === ']' && tokens[at - 2]?.text === '[') at -= 3;
    else if (tokens[at - 1]?.text === '.') at -= 2;
    else break;
  }
  return tokens.slice(Math.max(at, 0)).map(({ text }) => text).join('');
}

const METHODS: Record<string, [string, string][]> = lookup({
  Set: [
    ['contains', '${value}'],
    ['containsAny', '[${value}]'],
    ['containsAll', '[${value}]'],
    ['isEmpty', ''],
  ],
  decimal: [
    ['lessThan', 'decimal("${1.0}")'],
    ['lessThanOrEqual', 'decimal("${1.0}")'],
    ['greaterThan', 'decimal("${1.0}")'],
    ['greaterThanOrEqual', 'decimal("${1.0}")'],
  ],
  ipaddr: [
    ['isInRange', 'ip("${10.0.0.0/8}")'],
    ['isIpv4', ''],
    ['isIpv6', ''],
    ['isLoopback', ''],
    ['isMulticast', ''],
  ],
  datetime: [
    ['offset', 'duration("${1d}")'],
    ['durationSince', 'datetime("${2026-01-31}")'],
    ['toDate', ''],
    ['toTime', ''],
  ],
  duration: [
    ['toDays', ''],
    ['toHours', ''],
    ['toMinutes', ''],
    ['toSeconds', ''],
    ['toMilliseconds', ''],
  ],
});

function methods(types: readonly string[]): Option[] {
  return types.flatMap((type) =>
    (METHODS[type.startsWith('Set<') ? 'Set' : type] ?? []).map(([name, argument]): Option => {
      const value = type === 'Set<String>' ? argument.replace('${value}', '"${value}"') : argument;
      return { label: `${name}()`, info: CEDAR[name]!, apply: `${name}(${value})`, snippet: true, kind: 'method' };
    }),
  );
}

/** What can stand behind a whole expression. */
function operators(tokens: readonly CedarToken[], meant: Meant, words: Vocabulary): Option[] {
  const found = leadsTo(tokens, meant, words);
  const types = found?.is === 'types' ? found.types : [];
  const entity = types.some((type) => words.types.has(type));
  const list = ['==', '!='];
  if (entity || found?.is === 'context') list.unshift('has');
  if (entity) list.push('in', 'is');
  if (types.includes('String')) list.push('like');
  if (types.includes('Long') || types.includes('datetime') || types.includes('duration'))
    list.push('<', '<=', '>', '>=');
  if (found?.is === 'action') list.push('in');
  list.push('&&', '||');
  return list.map((label, at) => ({ label, info: CEDAR[label]!, kind: 'keyword', boost: -at }));
}

/** What an expression can begin with. */
function values(tokens: readonly CedarToken[], meant: Meant, words: Vocabulary): Option[] {
  const variables = (['principal', 'resource', 'context', 'action'] as const).map((label, at): Option => {
    const types = label === 'principal' ? meant.principal : label === 'resource' ? meant.resource : [];
    return {
      label,
      detail: types.length > 0 && types.length < 4 ? types.join(' or ') : '',
      info: CEDAR[label]!,
      kind: 'variable',
      boost: 20 - at,
    };
  });
  const last = tokens.at(-1)?.text;
  const compared =
    last === '==' || last === '!=' || last === 'in' || last === '<' || last === '>'
      ? leadsTo(tokens.slice(0, -1), meant, words)
      : undefined;
  const starts: Option[] = [];
  if (compared?.is === 'action')
    starts.push(...actionOptions(meant.resource, words).map((option) => ({ ...option, boost: 30 })));
  if (compared?.is === 'types') {
    const types = last === 'in' ? [...compared.types, ...ancestors(words, compared.types)] : compared.types;
    starts.push(...literalStarts(types, words).map((option) => ({ ...option, boost: 15 })));
    if (types.includes('String'))
      starts.push({ label: '""', detail: 'text', apply: '"${text}"', snippet: true, kind: 'text', boost: 30 });
  }
  const others = literalStarts(
    [...words.types.keys()].filter((type) => !starts.some(({ label }) => label === `${type}::""`)),
    words,
  );
  const functions = Object.entries({
    datetime: '2026-01-31T09:00:00Z',
    duration: '1d',
    decimal: '1.0',
    ip: '10.0.0.0/8',
  }).map(([name, example]): Option => ({
    label: `${name}()`,
    info: CEDAR[name]!,
    apply: `${name}("\${${example}}")`,
    snippet: true,
    kind: 'function',
    boost: -5,
  }));
  const constants = ['true', 'false'].map((label): Option => ({ label, kind: 'constant' }));
  const choice: Option = {
    label: 'if',
    detail: 'then … else',
    info: CEDAR['if']!,
    apply: 'if ${condition} then ${value} else ${value}',
    snippet: true,
    kind: 'keyword',
    boost: -5,
  };
  return [...variables, ...starts, ...constants, ...others, ...functions, choice];
}

// --- Types, actions, ids ---------------------------------------------------------------------------------------------

function tableOf(type: string, words: Vocabulary): string {
  const known = words.types.get(type);
  if (known === undefined) return CEDAR_TYPES[type] ?? '';
  return known.table === null ? 'from outside' : `table ${known.table}`;
}

const typeOptions = (types: readonly string[], words: Vocabulary) =>
  types.map((label): Option => ({ label, detail: tableOf(label, words), kind: 'type' }));

/** `User::"…"`: the cursor stands between the quotes, where the ids are offered next. */
const literalStarts = (types: readonly string[], words: Vocabulary) =>
  [...new Set(types)]
    .filter((type) => words.types.has(type))
    .map((type): Option => ({
      label: `${type}::""`,
      detail: tableOf(type, words),
      apply: `${type}::"\${}"`,
      snippet: true,
      kind: 'type',
    }));

function actionOptions(types: readonly string[], words: Vocabulary): Option[] {
  return actionsOn(words, types).slice(0, MOST).map(({ id, resources, declared }): Option => {
    return {
      label: `Action::${JSON.stringify(id)}`,
      detail: resources.length > 0 && resources.length < 4 ? `on ${resources.join(', ')}` : '',
      ...(declared
        ? {}
        : { info: 'Only rows bring this action. A policy may name it where model.toml declares it: [action.ID].' }),
      kind: 'constant',
      boost: declared ? 0 : -10,
    };
  });
}

function ids(type: string, at: number, meant: Meant, words: Vocabulary): Options {
  const options = known(type, meant, words).map((option): Option => ({
    ...option,
    apply: JSON.stringify(option.label),
  }));
  return { from: at, options };
}

function known(type: string, meant: Meant, words: Vocabulary): Option[] {
  if (type === 'Action' || type.endsWith('::Action')) {
    return actionOptions([], words).map((option, at): Option => {
      const { id } = words.actions[at]!;
      return { ...option, label: id, boost: meant.actions.some((one) => one.id === id) ? 5 : 0 };
    });
  }
  return (words.entities[type] ?? [])
    .slice(0, 5000)
    .map(({ id, label }): Option => ({ label: id, detail: label ?? '', kind: 'constant' }));
}

/** Within quotes: ids behind `Type::`, attributes within brackets. Anything else is the user's own text. */
function idsIn(
  text: string,
  inside: CedarToken,
  at: number,
  before: readonly CedarToken[],
  place: Place,
  words: Vocabulary,
): Options | undefined {
  const meant = meantBy(place, words);
  const last = before.at(-1);
  const from = inside.from + 1;
  const end = text[at] === '"' ? '' : '"';
  const quoted = (name: string) => JSON.stringify(name).slice(1, -1) + (inside.closed && inside.to > at ? '' : end);
  if (last?.kind === 'type' && last.text.endsWith('::')) {
    const begun = text.slice(from, at).toLowerCase();
    const options = known(last.text.slice(0, -2), meant, words).filter(({ label, detail }) =>
      `${label} ${detail}`.toLowerCase().includes(begun),
    );
    return {
      from,
      options: options.slice(0, MOST).map((option): Option => ({ ...option, apply: quoted(option.label) })),
    };
  }
  if (place.where !== 'condition') return undefined;
  if (last?.text === '[' || last?.text === 'has') {
    const found = leadsTo(before.slice(0, -1), meant, words);
    if (found === undefined || found.is === 'action') return undefined;
    const attributes = found.is === 'context' ? contextOf(meant.actions) : attributesOf(words, found.types);
    return {
      from,
      options: attributes.map((attribute): Option => ({
        ...attributeOption(attribute, from, '', true),
        apply: quoted(attribute.name),
        from,
      })),
    };
  }
  return undefined;
}
