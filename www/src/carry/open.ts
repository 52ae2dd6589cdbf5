// SPDX-License-Identifier: Apache-2.0
// Opening: whatever it comes from, another case takes the place of the present one only when all of it could be read.
import { showPane } from '../app/places.ts';
import { type Case, EMPTY, textsOf } from '../case/case.ts';
import { base, change, current, open, undo } from '../case/store.ts';
import { ask } from '../engine/engine.ts';
import { notice, problem } from '../ui/notices.tsx';
import { example, rowsOf } from './examples.ts';
import { type File as Given, type Pack, instantOf, isWanted, list, readFiles } from './files.ts';
import { former, setAside } from './keeper.ts';
import type { Example } from './packs.ts';
import { LONGEST_NAME } from './read.ts';
import { given, importing } from '../schema/look.ts';
import { MOST_BYTES } from './squeeze.ts';

/** A case takes the place of the present one. Undo brings that back; so does the menu, after a reload. */
export function arrive(next: Case, what: string, says: string, from: Case = next): void {
  const [before, comparedWith] = [current.value, base.value];
  const worth = before !== comparedWith || before.schema !== '';
  if (worth) setAside();
  open(next, what, from);
  // Undoing would take back only the last step of what was done meanwhile.
  const back = () => {
    if (current.value === next) undo();
    else open(before, `go back to ${before.name}`, comparedWith);
  };
  notice(`${says}.`, false, worth ? { label: `Back to ${before.name}`, act: back } : undefined);
}

/** Says what was left out, where something was. */
export function tellIgnored(what: string, ignored: string[]): void {
  if (ignored.length > 0)
    notice(`${what} also has ${list(ignored)}: not opened, as this page does not know what to do with it.`);
}

export async function openExample(one: Example): Promise<void> {
  await tried(async () => arrive(await example(one), `open ${one.name}`, `The example ${one.name} was opened`));
}

export function openEmpty(): void {
  arrive({ ...EMPTY }, 'open an empty case', 'A new case, with nothing in it yet');
}

export function openFormer(): void {
  const kept = former();
  if (kept !== undefined) arrive(kept.of, `go back to ${kept.of.name}`, `${kept.of.name} is back`, kept.from);
}

/** A schema alone: shows what a first model would keep of it, before anything is opened. */
export function openSchema(schema?: { name: string; text: string }): void {
  given.value = schema;
  // On a narrow screen the dialog is seen only where its pane is.
  showPane('schema');
  importing.value = true;
}

/** What was picked or dropped. What goes wrong is said, and changes nothing. */
export async function openFiles(files: File[]): Promise<void> {
  await tried(async () => {
    const opened = readFiles(await Promise.all(files.map(read)));
    switch (opened.is) {
      case 'case':
        arrive(opened.of, `open ${opened.of.name}`, `${opened.of.name} was opened`);
        break;
      case 'schema': {
        const name = opened.path.slice(opened.path.lastIndexOf('/') + 1).replace(/\.[^.]+$/, '');
        openSchema({ name: name.slice(0, LONGEST_NAME), text: opened.text });
        break;
      }
      case 'pack':
        await openPack(opened.pack);
        break;
    }
    tellIgnored('What was opened', opened.ignored);
  });
}

async function openPack({ name, texts, schemaFile, sample, question }: Pack): Promise<void> {
  if (texts.schema === undefined) return await addToCase(texts, sample, question);
  const next: Case = {
    ...EMPTY,
    ...texts,
    schemaFile,
    name: (name ?? EMPTY.name).slice(0, LONGEST_NAME),
    at: instantOf(texts.tests ?? ''),
    ...question,
  };
  if (texts.model === undefined) {
    next.model = (await ask('infer', { schema: next.schema })).model;
    notice('There is no model.toml: a first one was inferred from the schema.');
  }
  next.rows = await rowsOf(sample ?? '', textsOf(next));
  arrive(next, `open ${next.name}`, `${next.name} was opened`);
}

/** Files of a pack without its schema take the place of their own part of the case. */
async function addToCase(texts: Pack['texts'], sample: string | undefined, question: Pack['question']): Promise<void> {
  const part: Partial<Case> = { ...texts, ...question };
  if (sample !== undefined) part.rows = await rowsOf(sample, textsOf({ ...current.value, ...texts }));
  const count = Object.keys(texts).length + (sample === undefined ? 0 : 1);
  change(part, count === 1 ? 'open a file' : `open ${count} files`);
  notice('What was opened took the place of that part of the case.', false, { label: 'Undo', act: undo });
}

async function read(file: File): Promise<Given> {
  const path = paths.get(file) ?? (file.webkitRelativePath || file.name);
  if (file.size > MOST_BYTES) throw new Error(`${path} is larger than ${MOST_BYTES / 1_000_000} MB.`);
  return { path, bytes: new Uint8Array(await file.arrayBuffer()) };
}

async function tried(what: () => Promise<void>): Promise<void> {
  try {
    await what();
  } catch (error) {
    problem(error);
  }
}

// --- Picking and dropping --------------------------------------------------------------------------------------------

/** The most files of a folder that are looked at. */
const MOST_FILES = 2_000;

/** Asks the user for files or for a folder, and opens them. */
export function pick(folder: boolean): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = true;
  input.webkitdirectory = folder;
  input.addEventListener('change', () => {
    const files = [...(input.files ?? [])];
    void openFiles(folder ? files.filter(({ webkitRelativePath }) => isWanted(webkitRelativePath)) : files);
  });
  input.click();
}

/** Where a file of a dropped folder lies: the browser tells it of picked ones only. */
const paths = new WeakMap<File, string>();

/** Files that were dropped, those in folders too. Must be called while the drop is handled. */
export async function dropped(data: DataTransfer): Promise<File[]> {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return [...data.files];
  const files: File[] = [];
  for (const entry of entries) await walk(entry, files);
  return files;
}

async function walk(entry: FileSystemEntry, into: File[]): Promise<void> {
  if (into.length >= MOST_FILES) return;
  const path = entry.fullPath.replace(/^\//, '');
  if (entry.isDirectory) {
    if (/^(\.|node_modules$)/.test(entry.name)) return;
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      // It gives some at a time, and none at the end.
      const some = await new Promise<FileSystemEntry[]>((give, fail) => reader.readEntries(give, fail));
      if (some.length === 0) return;
      for (const one of some) await walk(one, into);
    }
  }
  // A file that was dropped by itself is opened whatever it is called, if only to say that it cannot be.
  if (path.includes('/') && !isWanted(path)) return;
  const file = await new Promise<File>((give, fail) => (entry as FileSystemFileEntry).file(give, fail));
  paths.set(file, path);
  into.push(file);
}

