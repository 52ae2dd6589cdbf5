// SPDX-License-Identifier: Apache-2.0
// A case from outside: a link, a file, what the browser kept. Anybody may have written it, so that every field is
// looked at.
import { EMPTY, type Asked, type Case } from '../case/case.ts';
import type { Cell, Rows, Table, Uid } from '../engine/shapes.ts';

/** Of a case. */
export const LONGEST_NAME = 200;
const LONGEST_TEXT = 20_000_000;
const MOST_TABLES = 10_000;
/** SQLite takes no more. */
const MOST_COLUMNS = 2_000;
const MOST_ROWS = 500_000;

export interface CaseRead {
  of: Case;
  /** What was there and means nothing: names of fields. */
  ignored: string[];
}

/** Reads a case, or throws an error that names the field that is wrong. Fields that are left out are empty. */
export function readCase(value: unknown): CaseRead {
  const reader = new Reader();
  return { of: reader.case(value), ignored: reader.ignored };
}

/** Reads `at` and `ask` alone, as the file `question.json` of a saved case has them. */
export function readQuestion(value: unknown): { at: string; ask: Asked; ignored: string[] } {
  const reader = new Reader();
  const fields = reader.fields(value, 'the question', ['at', 'ask']);
  return { at: reader.at(fields['at']), ask: reader.ask(fields['ask']), ignored: reader.ignored };
}

/** An instant as in RFC 3339: the engine takes no other. */
export const isInstant = (text: string) =>
  /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text));

class Reader {
  ignored: string[] = [];
  #rows = 0;

  case(value: unknown): Case {
    const known = ['name', 'schemaFile', 'schema', 'model', 'policies', 'routes', 'tests', 'rows', 'at', 'ask'];
    const fields = this.fields(value, 'the case', known);
    const schemaFile = fields['schemaFile'] ?? EMPTY.schemaFile;
    if (schemaFile !== 'schema.mmd' && schemaFile !== 'schema.sql')
      throw new Error('`schemaFile` is neither schema.mmd nor schema.sql');
    const text = (field: string) => this.text(fields[field] ?? '', field, LONGEST_TEXT);
    return {
      name: this.text(fields['name'] ?? EMPTY.name, 'name', LONGEST_NAME),
      schemaFile,
      schema: text('schema'),
      model: text('model'),
      policies: text('policies'),
      routes: text('routes'),
      tests: text('tests'),
      rows: this.rows(fields['rows'] ?? {}),
      at: this.at(fields['at']),
      ask: this.ask(fields['ask']),
    };
  }

  at(value: unknown): string {
    const at = this.text(value ?? '', 'at', LONGEST_NAME);
    if (at === '' || isInstant(at)) return at;
    this.#ignore('at');
    return '';
  }

  ask(value: unknown): Asked {
    const { principal, action, resource, context } = this.fields(value ?? {}, 'ask', [
      'principal',
      'action',
      'resource',
      'context',
    ]);
    return {
      principal: this.#uid(principal, 'ask.principal'),
      action: this.text(action ?? '', 'ask.action', LONGEST_TEXT),
      resource: this.#uid(resource, 'ask.resource'),
      context: this.text(context ?? '', 'ask.context', LONGEST_TEXT),
    };
  }

  #uid(value: unknown, what: string): Uid {
    const { type, id } = this.fields(value ?? {}, what, ['type', 'id']);
    return {
      type: this.text(type ?? '', `${what}.type`, LONGEST_TEXT),
      id: this.text(id ?? '', `${what}.id`, LONGEST_TEXT),
    };
  }

  rows(value: unknown): Rows {
    const tables = Object.entries(this.#object(value, 'rows'));
    if (tables.length > MOST_TABLES) throw new Error(`\`rows\` has more than ${MOST_TABLES} tables`);
    const rows: Rows = {};
    for (const [name, table] of tables) {
      // Assigning this one would change what the object is. No database has such a table.
      if (name === '__proto__') this.#ignore('rows.__proto__');
      else rows[name] = this.#table(table, `rows.${short(name)}`);
    }
    return rows;
  }

  #table(value: unknown, what: string): Table {
    const fields = this.fields(value, what, ['columns', 'rows']);
    const columns = this.#list(fields['columns'], `${what}.columns`, MOST_COLUMNS);
    const names = columns.map((name, at) => this.text(name, `${what}.columns[${at}]`, LONGEST_TEXT));
    const twice = names.find((name, at) => names.indexOf(name) !== at);
    if (twice !== undefined) throw new Error(`\`${what}\` has the column \`${short(twice)}\` twice`);
    const rows = this.#list(fields['rows'], `${what}.rows`, MOST_ROWS - this.#rows);
    this.#rows += rows.length;
    return { columns: names, rows: rows.map((row, at) => this.#row(row, names.length, `${what}.rows[${at}]`)) };
  }

  #row(value: unknown, columns: number, what: string): Cell[] {
    const cells = this.#list(value, what, MOST_COLUMNS);
    if (cells.length !== columns) throw new Error(`\`${what}\` has ${cells.length} cells for ${columns} columns`);
    return cells.map((cell, at) => this.#cell(cell, `${what}[${at}]`));
  }

  #cell(value: unknown, what: string): Cell {
    if (value === null || typeof value === 'boolean') return value;
    if (typeof value === 'string') return this.text(value, what, LONGEST_TEXT);
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    if (typeof value === 'object') {
      const { integer, blob } = value as Record<string, unknown>;
      const one = Object.keys(value).length === 1;
      if (one && typeof integer === 'string' && isLong(integer)) return { integer };
      if (one && typeof blob === 'string' && /^([0-9a-fA-F]{2})*$/.test(blob)) return { blob };
    }
    throw new Error(`\`${what}\` is nothing that a cell can hold`);
  }

  /** An object. Fields that are not among `known` are ignored and remembered. */
  fields(value: unknown, what: string, known: string[]): Record<string, unknown> {
    const all = this.#object(value, what);
    const fields: Record<string, unknown> = Object.create(null);
    for (const [name, field] of Object.entries(all)) {
      if (known.includes(name)) fields[name] = field;
      else this.#ignore(what.startsWith('the ') ? name : `${what}.${name}`);
    }
    return fields;
  }

  #object(value: unknown, what: string): object {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new Error(`\`${what}\` is no object`);
    return value;
  }

  #list(value: unknown, what: string, most: number): unknown[] {
    if (!Array.isArray(value)) throw new Error(`\`${what}\` is no list`);
    if (value.length > most) throw new Error(`\`${what}\` is longer than ${most}`);
    return value;
  }

  text(value: unknown, what: string, longest: number): string {
    if (typeof value !== 'string') throw new Error(`\`${what}\` is no text`);
    if (value.length > longest) throw new Error(`\`${what}\` is longer than ${longest} characters`);
    return value;
  }

  #ignore(what: string): void {
    if (this.ignored.length < 20) this.ignored.push(short(what));
  }
}

/** A whole number of 64 bits. */
function isLong(text: string): boolean {
  if (!/^-?\d{1,19}$/.test(text)) return false;
  const value = BigInt(text);
  return value >= -(2n ** 63n) && value < 2n ** 63n;
}

/** A name from outside, as it is told: not a page long. */
export const short = (name: string) => (name.length > 60 ? `${name.slice(0, 57)}…` : name);
