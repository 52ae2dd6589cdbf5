// SPDX-License-Identifier: Apache-2.0
// Files as a case, and a case as files: what the names of a pack's folder mean. Nothing here touches the page or the
// disk.
import { unzipSync, zipSync } from 'fflate';
import { type Asked, type Case, type TextKey, fileOf, keyOf } from '../case/case.ts';
import type { Cell, Rows } from '../engine/shapes.ts';
import { type CaseRead, isInstant, readCase, readQuestion, short } from './read.ts';
import { MOST_BYTES } from './squeeze.ts';

export interface File {
  /** With the folders that it lies in, as far as they are known: `shop/model.toml`. */
  path: string;
  bytes: Uint8Array;
}

/** What some files come to. */
export type Opened =
  /** A whole case, as a case file holds it. */
  | ({ is: 'case' } & CaseRead)
  /** A pack, or some files of one. */
  | { is: 'pack'; pack: Pack; ignored: string[] }
  /** A schema alone, under any name. */
  | { is: 'schema'; path: string; text: string; ignored: string[] };

export interface Pack {
  /** The folder's or the archive's; undefined for loose files. */
  name: string | undefined;
  texts: Partial<Record<TextKey, string>>;
  schemaFile: Case['schemaFile'];
  /** sample.sql. */
  sample: string | undefined;
  /** question.json: what a pack does not say, and a case does. */
  question: { at: string; ask: Asked } | undefined;
}

const SAMPLE = 'sample.sql';
const QUESTION = 'question.json';
const READS =
  'schema.mmd or schema.sql, model.toml, policies.cedar, routes.toml, tests.toml, sample.sql, ' +
  'a zip of them, a diagram, or a case file';
/** How a case file says what it is. */
const CASE_FILE = 'palisade-case';

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);
const folderOf = (path: string) => path.slice(0, Math.max(path.lastIndexOf('/'), 0));
const isOfPack = (path: string) =>
  keyOf(nameOf(path)) !== undefined || nameOf(path) === SAMPLE || nameOf(path) === QUESTION;
/** What makes a folder a pack, and not only files of one. */
const isOfModel = (path: string) => /(^|\/)(schema\.mmd|schema\.sql|model\.toml)$/.test(path);
const isSchema = (path: string) => /\.(mmd|mermaid|sql|md|markdown)$/i.test(path);
const isZip = (path: string) => /\.zip$/i.test(path);
const isHidden = (path: string) => /(^|\/)(\.|__MACOSX|node_modules)/.test(path);

/** Whether a file of a folder is worth reading. */
export const isWanted = (path: string) =>
  !isHidden(path) && (isOfPack(path) || isSchema(path) || isZip(path) || /\.json$/i.test(path));

/** What the files come to. Throws an error that says what is wrong with them. */
export function readFiles(given: File[]): Opened {
  const files = given
    .flatMap((file) => (isZip(file.path) ? unzipped(file) : [file]))
    .filter(({ path }) => !isHidden(path));
  const pack = files.filter(({ path }) => isOfPack(path));
  const folders = [...new Set(pack.filter(({ path }) => isOfModel(path)).map(({ path }) => folderOf(path)))];
  if (folders.length > 1) {
    throw new Error(
      `There are several packs: ${list(folders.map((folder) => folder || 'the outermost folder'))}. Open one of them.`,
    );
  }
  // Without a model these are files of the pack that is open.
  const folder = folders[0] ?? (pack[0] === undefined ? undefined : folderOf(pack[0].path));
  const taken = pack.filter(({ path }) => folderOf(path) === folder);
  const ignored = (but: File[]) => files.filter((file) => !but.includes(file)).map(({ path }) => short(path));
  if (taken.length > 0) {
    return { is: 'pack', pack: packOf(taken, folder === '' ? undefined : nameOf(folder!)), ignored: ignored(taken) };
  }
  const [whole] = files.filter(({ path }) => /\.json$/i.test(path));
  if (whole !== undefined) {
    const read = readCaseFile(whole);
    return { is: 'case', of: read.of, ignored: [...read.ignored, ...ignored([whole])] };
  }
  const schemas = files.filter(({ path }) => isSchema(path));
  const [schema] = schemas;
  if (schema === undefined) {
    const found =
      files.length === 0
        ? 'There is no file in it'
        : `${list(files.map(({ path }) => short(path)))}: nothing of it can be opened`;
    throw new Error(`${found}. This page reads ${READS}.`);
  }
  if (schemas.length > 1)
    throw new Error(`There are several schemas: ${list(schemas.map(({ path }) => path))}. Open one of them.`);
  return { is: 'schema', path: schema.path, text: lines(textOf(schema)), ignored: ignored([schema]) };
}

function packOf(files: File[], name: string | undefined): Pack {
  const pack: Pack = { name, texts: {}, schemaFile: 'schema.mmd', sample: undefined, question: undefined };
  for (const file of files) {
    const own = nameOf(file.path);
    const key = keyOf(own);
    if (own === SAMPLE) pack.sample = textOf(file);
    if (own === QUESTION) pack.question = questionOf(file);
    if (key === undefined) continue;
    if (pack.texts[key] !== undefined) {
      const both = key === 'schema' ? 'both schema.mmd and schema.sql' : `${own} twice`;
      throw new Error(`The pack has ${both}: keep one of them.`);
    }
    pack.texts[key] = lines(textOf(file));
    if (own === 'schema.sql') pack.schemaFile = own;
  }
  return pack;
}

function questionOf(file: File): Pack['question'] {
  try {
    return readQuestion(JSON.parse(textOf(file)));
  } catch (error) {
    throw new Error(`${file.path} is no question: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

function readCaseFile(file: File): CaseRead {
  try {
    const value: unknown = JSON.parse(textOf(file));
    if (typeof value !== 'object' || value === null || !('format' in value) || value.format !== CASE_FILE) {
      throw new Error(`it has no \`"format": "${CASE_FILE}"\``);
    }
    if (!('version' in value) || value.version !== 1) throw new Error('another version of this page wrote it');
    return readCase('case' in value ? value.case : undefined);
  } catch (error) {
    throw new Error(`${file.path} is no case: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

function unzipped({ path, bytes }: File): File[] {
  const name = nameOf(path).replace(/\.zip$/i, '');
  let size = 0;
  let all: Record<string, Uint8Array>;
  try {
    // Only what is read is unpacked; an archive can say that a file is small, and it gets no more room than it says.
    all = unzipSync(bytes, {
      filter: (entry) => {
        if (entry.name.endsWith('/') || isZip(entry.name) || !isWanted(entry.name)) return false;
        size += entry.originalSize;
        if (size > MOST_BYTES) throw new Error(`it holds more than ${MOST_BYTES / 1_000_000} MB`);
        return true;
      },
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${path} cannot be unpacked: ${why}.`);
  }
  // Files that lie in no folder are those of the archive's own name.
  return Object.entries(all).map(([own, bytes]) => ({ path: own.includes('/') ? own : `${name}/${own}`, bytes }));
}

function textOf({ path, bytes }: File): string {
  if (bytes.length > MOST_BYTES) throw new Error(`${path} is larger than ${MOST_BYTES / 1_000_000} MB.`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`${path} is no text in UTF-8.`);
  }
}

/** Editors of texts know one end of a line. */
const lines = (text: string) => text.replaceAll('\r\n', '\n');

/** A few of the names. */
export function list(names: string[]): string {
  const few = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${few} and ${names.length - 5} more` : few;
}

/** The instant of a pack's own tests, which its rows are made for; empty where they name none. */
export function instantOf(tests: string): string {
  const head = tests.split(/^\s*\[/m, 1)[0] ?? '';
  const at = /^at\s*=\s*["']([^"']*)["']/m.exec(head)?.[1] ?? '';
  return isInstant(at) ? at : '';
}

// --- Saving ----------------------------------------------------------------------------------------------------------

/** The case as a pack's folder: the six files that `palisade` reads, its rows, and what it is asked. */
export function filesOf(of: Case, sample: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const key of ['schema', 'model', 'policies', 'routes', 'tests'] as const) files[fileOf(key, of)] = of[key];
  files[SAMPLE] = sample;
  files[QUESTION] = `${JSON.stringify({ at: of.at, ask: of.ask }, null, 2)}\n`;
  return files;
}

/** An archive of these files, within a folder of that name. */
export function zipped(folder: string, files: Record<string, string>): Uint8Array {
  const bytes = Object.entries(files).map(([name, text]) => [`${folder}/${name}`, new TextEncoder().encode(text)]);
  return zipSync(Object.fromEntries(bytes));
}

/** All of a case in one file, as it is: also where it has errors. */
export const caseFileOf = (of: Case) => `${JSON.stringify({ format: CASE_FILE, version: 1, case: of }, null, 1)}\n`;

/** A case's name as that of a file or a folder on any system. */
export function fileName(name: string): string {
  const plain = name.normalize('NFC').replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+|[.-]+$/g, '').slice(0, 80);
  return plain === '' ? 'case' : plain;
}

/** Rows as INSERTs, table by table: for a case that the engine cannot read, so that its rows are saved nevertheless. */
export function plainSample(rows: Rows): string {
  const inserts = Object.entries(rows).filter(([, table]) => table.rows.length > 0 && table.columns.length > 0);
  return inserts
    .map(([name, table]) => {
      const values = table.rows.map((row) => `  (${row.map(sqlOf).join(', ')})`);
      return `INSERT INTO ${quoted(name)} (${table.columns.map(quoted).join(', ')}) VALUES\n${values.join(',\n')};\n`;
    })
    .join('\n');
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

function sqlOf(cell: Cell): string {
  if (cell === null) return 'NULL';
  if (typeof cell === 'boolean') return cell ? '1' : '0';
  if (typeof cell === 'number') return String(cell);
  if (typeof cell === 'string') return `'${cell.replaceAll("'", "''")}'`;
  return 'integer' in cell ? cell.integer : `X'${cell.blob}'`;
}

