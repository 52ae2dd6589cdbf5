// SPDX-License-Identifier: Apache-2.0
// The languages of a case's texts, as CodeMirror reads them line by line: colours, indents, folds, comments.
import { foldService, LanguageSupport, StreamLanguage, type StreamParser } from '@codemirror/language';
import type { EditorState, Extension, Text } from '@codemirror/state';
import { tags } from '@lezer/highlight';
import { type CedarKind, type CedarToken, tokenAt } from './cedar.ts';
import { type Fold, foldsOf } from './folds.ts';

export type LanguageName = 'cedar' | 'cedarschema' | 'toml' | 'mermaid' | 'sql' | 'json';

// --- Cedar -----------------------------------------------------------------------------------------------------------

const CEDAR: Record<CedarKind, string | null> = {
  comment: 'comment',
  string: 'string',
  annotation: 'meta',
  keyword: 'keyword',
  effect: 'effect',
  constant: 'atom',
  variable: 'variable',
  type: 'type',
  call: 'call',
  attribute: 'property',
  word: 'word',
  number: 'number',
  operator: 'operator',
  bracket: 'bracket',
};

const TOKENS = {
  effect: tags.controlKeyword,
  keyword: tags.keyword,
  variable: tags.special(tags.variableName),
  type: tags.typeName,
  call: tags.function(tags.variableName),
  property: tags.propertyName,
  word: tags.variableName,
  heading: tags.heading,
  meta: tags.meta,
};

interface CedarState {
  depth: number;
  before: CedarToken | undefined;
}

function cedar(schema: boolean): StreamParser<CedarState> {
  return {
    name: schema ? 'cedarschema' : 'cedar',
    startState: () => ({ depth: 0, before: undefined }),
    copyState: (state) => ({ ...state }),
    token(stream, state) {
      const from = stream.pos;
      const { kind, to } = tokenAt(stream.string, from, state.before, schema);
      stream.pos = to;
      if (kind === null) return null;
      const text = stream.string.slice(from, to);
      if (kind === 'bracket') state.depth = Math.max(0, state.depth + ('([{'.includes(text) ? 1 : -1));
      if (kind !== 'comment') state.before = { kind, from, to, text, closed: true };
      return CEDAR[kind];
    },
    indent: ({ depth }, textAfter, { unit }) => unit * Math.max(0, depth - (/^\s*[)\]}]/.test(textAfter) ? 1 : 0)),
    tokenTable: TOKENS,
    languageData: {
      commentTokens: { line: '//' },
      closeBrackets: { brackets: ['(', '[', '{', '"'] },
      indentOnInput: /^\s*[)\]}]$/,
    },
  };
}

// --- TOML ------------------------------------------------------------------------------------------------------------

interface TomlState {
  /** What ends the string that goes over lines. */
  within: '"""' | "'''" | undefined;
  /** Open brackets, outermost first. */
  open: string;
  /** Whether a key comes next. */
  key: boolean;
}

const HEADER = /^\[\[?[A-Za-z_][^\]=]*\]\]?\s*(?:#.*)?$/;

const toml: StreamParser<TomlState> = {
  name: 'toml',
  startState: () => ({ within: undefined, open: '', key: true }),
  copyState: (state) => ({ ...state }),
  token(stream, state) {
    if (state.within !== undefined) {
      const end = stream.string.indexOf(state.within, stream.pos);
      if (end < 0) stream.skipToEnd();
      else {
        stream.pos = end + 3;
        state.within = undefined;
      }
      return 'string';
    }
    // A header begins anew, whatever brackets stand open before it.
    if (stream.sol() && HEADER.test(stream.string)) state.open = '';
    if (stream.sol() && state.open === '') state.key = true;
    if (stream.eatSpace()) return null;
    if (stream.peek() === '#') {
      stream.skipToEnd();
      return 'comment';
    }
    if (state.key && state.open === '') {
      if (stream.match(/^\[\[?(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\]"'#])*\]?\]?/)) return 'heading';
    }
    if (state.key) {
      if (stream.match(/^(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s=.,{}[\]"'#]+)/)) return 'property';
      const one = stream.next();
      if (one === '=') state.key = false;
      if (one === '}') state.open = state.open.slice(0, -1);
      if (one === '}') state.key = state.open.endsWith('{');
      return one === '}' ? 'bracket' : 'operator';
    }
    if (stream.match('"""') || stream.match("'''")) {
      const mark = stream.current() as '"""' | "'''";
      const end = stream.string.indexOf(mark, stream.pos);
      if (end < 0) {
        stream.skipToEnd();
        state.within = mark;
      } else stream.pos = end + 3;
      return 'string';
    }
    if (stream.match(/^(?:"(?:[^"\\]|\\.)*"?|'[^']*'?)/)) return 'string';
    if (stream.match(/^\d{4}-\d\d-\d\d(?:[T ][\d:.]+)?(?:Z|[+-]\d\d:\d\d)?/)) return 'atom';
    if (stream.match(/^(?:true|false)\b/)) return 'atom';
    if (stream.match(/^[+-]?\d[\w.+-]*/)) return 'number';
    const one = stream.next() ?? '';
    if ('[{'.includes(one)) {
      state.open += one;
      state.key = one === '{';
      return 'bracket';
    }
    if (']}'.includes(one)) {
      state.open = state.open.slice(0, -1);
      return 'bracket';
    }
    if (one === ',') state.key = state.open.endsWith('{');
    return null;
  },
  indent: ({ open }, textAfter, { unit }) => unit * Math.max(0, open.length - (/^\s*[\]}]/.test(textAfter) ? 1 : 0)),
  tokenTable: TOKENS,
  languageData: {
    commentTokens: { line: '#' },
    closeBrackets: { brackets: ['[', '{', '"', "'"] },
    indentOnInput: /^\s*[\]}]$/,
  },
};

// --- Mermaid's erDiagram ---------------------------------------------------------------------------------------------

const mermaid: StreamParser<{ inside: boolean; word: number }> = {
  name: 'mermaid',
  startState: () => ({ inside: false, word: 0 }),
  copyState: (state) => ({ ...state }),
  token(stream, state) {
    if (stream.sol()) state.word = 0;
    if (stream.eatSpace()) return null;
    if (stream.match('%%')) {
      stream.skipToEnd();
      return 'comment';
    }
    if (stream.match(/^"[^"]*"?/)) return 'string';
    if (stream.match('{') && !state.inside) {
      state.inside = true;
      return 'bracket';
    }
    if (stream.match('}') && state.inside) {
      state.inside = false;
      return 'bracket';
    }
    if (state.inside) {
      if (stream.match(/^(?:PK|FK|UK)\b/)) return 'keyword';
      if (stream.match(/^[^\s"{},]+/)) {
        state.word += 1;
        return state.word === 1 ? 'type' : 'property';
      }
      stream.next();
      return 'operator';
    }
    if (stream.match(/^erDiagram\b/) || stream.match(/^(?:title|direction|accTitle|accDescr|classDef|class|style)\b/))
      return 'keyword';
    if (stream.match(/^(?:\|o|\|\||\}o|\}\|)(?:--|\.\.)(?:o\||\|\||o\{|\|\{)/) || stream.match(/^(?:--|\.\.)/))
      return 'operator';
    if (stream.match(':')) {
      state.word = 3;
      return 'operator';
    }
    if (stream.match(/^[^\s"{}:|[\]]+/)) return state.word === 3 ? 'word' : 'heading';
    stream.next();
    return null;
  },
  indent: ({ inside }, textAfter, { unit }) => (inside && !/^\s*\}/.test(textAfter) ? unit * 2 : unit),
  tokenTable: TOKENS,
  languageData: { commentTokens: { line: '%%' }, closeBrackets: { brackets: ['{', '"'] }, indentOnInput: /^\s*\}$/ },
};

// --- JSON ------------------------------------------------------------------------------------------------------------

const json: StreamParser<{ depth: number }> = {
  name: 'json',
  startState: () => ({ depth: 0 }),
  copyState: (state) => ({ ...state }),
  token(stream, state) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^"(?:[^"\\]|\\.)*"?/))
      return /^\s*:/.test(stream.string.slice(stream.pos)) ? 'property' : 'string';
    if (stream.match(/^-?\d[\d.eE+-]*/)) return 'number';
    if (stream.match(/^(?:true|false|null)\b/)) return 'atom';
    const one = stream.next() ?? '';
    if ('[{'.includes(one)) state.depth += 1;
    if (']}'.includes(one)) state.depth = Math.max(0, state.depth - 1);
    return '[]{}'.includes(one) ? 'bracket' : null;
  },
  indent: ({ depth }, textAfter, { unit }) => unit * Math.max(0, depth - (/^\s*[\]}]/.test(textAfter) ? 1 : 0)),
  tokenTable: TOKENS,
  languageData: { closeBrackets: { brackets: ['[', '{', '"'] }, indentOnInput: /^\s*[\]}]$/ },
};

// --- Folding ---------------------------------------------------------------------------------------------------------

/** Folds are worked out once a text, and asked for line by line. */
const known = new WeakMap<Text, Map<number, Fold>>();

function folding(language: LanguageName): Extension {
  return foldService.of((state: EditorState, lineStart: number) => {
    let folds = known.get(state.doc);
    if (folds === undefined) {
      folds = new Map(foldsOf(language, state.doc.toString()).map((fold) => [fold.line, fold]));
      known.set(state.doc, folds);
    }
    const fold = folds.get(lineStart);
    return fold === undefined ? null : { from: fold.from, to: fold.to };
  });
}

const stream = (language: LanguageName, parser: StreamParser<never>) => [
  new LanguageSupport(StreamLanguage.define(parser)),
  folding(language),
];

// Made once: a language that is made again reads everything again.
const MADE: Record<Exclude<LanguageName, 'sql'>, Extension> = {
  cedar: stream('cedar', cedar(false) as StreamParser<never>),
  cedarschema: stream('cedarschema', cedar(true) as StreamParser<never>),
  toml: stream('toml', toml as StreamParser<never>),
  mermaid: stream('mermaid', mermaid as StreamParser<never>),
  json: stream('json', json as StreamParser<never>),
};

/** SQL is loaded when it is first seen: most schemas here are diagrams. */
export function languageOf(name: LanguageName): Extension | Promise<Extension> {
  if (name !== 'sql') return MADE[name];
  return import('@codemirror/lang-sql').then(({ sql, SQLite }) => [sql({ dialect: SQLite, upperCaseKeywords: true })]);
}
