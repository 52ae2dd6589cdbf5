// SPDX-License-Identifier: Apache-2.0
// Saving: as an archive, into a folder, as one file; and the link.
import { type Case, type TextKey, fileOf, textsOf } from '../case/case.ts';
import { current } from '../case/store.ts';
import { ask, instant, results } from '../engine/engine.ts';
import { notice, problem } from '../ui/notices.tsx';
import { caseFileOf, fileName, filesOf, plainSample, zipped } from './files.ts';

/** Gives the user a file. */
export function download(name: string, content: string | Uint8Array): void {
  const blob = new Blob([content as BlobPart], { type: 'application/octet-stream' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The rows as SQL: parents first, as the engine knows them; as they stand, where it cannot read the texts. */
async function sampleOf(of: Case): Promise<string> {
  const used = Object.entries(of.rows).filter(([, { rows }]) => rows.length > 0);
  if (used.length === 0) return '';
  try {
    const sample = await ask('sample', { of: { texts: textsOf(of), rows: of.rows, at: instant(of) } });
    // Tables that the model does not have are no loss either.
    const known = results.compiled.value?.model?.tables.map(({ name }) => name);
    const others = known === undefined ? [] : used.filter(([name]) => !known.includes(name));
    if (others.length > 0) {
      const names = others.map(([name]) => name).join(', ');
      notice(`sample.sql has the rows of ${names} at its end, though the model has no such table.`);
    }
    return [sample, plainSample(Object.fromEntries(others))].filter((text) => text !== '').join('\n');
  } catch {
    notice('The case has errors: the tables in sample.sql stand in the order of the page, parents not always first.');
    return plainSample(of.rows);
  }
}

export async function saveZip(): Promise<void> {
  const of = current.value;
  const name = fileName(of.name);
  download(`${name}.zip`, zipped(name, filesOf(of, await sampleOf(of))));
}

export function saveCase(): void {
  download(`${fileName(current.value.name)}.case.json`, caseFileOf(current.value));
}

export function saveText(key: TextKey): void {
  download(fileOf(key, current.value), current.value[key]);
}

export async function saveSample(): Promise<void> {
  download('sample.sql', await sampleOf(current.value));
}

/** Not every browser has it, and TypeScript knows of none. */
interface FolderPicker {
  showDirectoryPicker?: (options: { mode: 'readwrite'; id: string }) => Promise<FileSystemDirectoryHandle>;
}

export const canSaveToFolder =
  typeof window !== 'undefined' && (window as FolderPicker).showDirectoryPicker !== undefined;

export async function saveToFolder(): Promise<void> {
  const of = current.value;
  try {
    const folder = await (window as FolderPicker).showDirectoryPicker?.({ mode: 'readwrite', id: 'palisade' });
    if (folder === undefined) return;
    const files = filesOf(of, await sampleOf(of));
    for (const [name, text] of Object.entries(files)) {
      const file = await (await folder.getFileHandle(name, { create: true })).createWritable();
      await file.write(text);
      await file.close();
    }
    const other = of.schemaFile === 'schema.mmd' ? 'schema.sql' : 'schema.mmd';
    const both = await folder.getFileHandle(other).then(() => true, () => false);
    if (both)
      notice(
        `${of.name} was saved to ${folder.name}, which also has ${other}: take it away, since a pack has one schema.`,
        true,
      );
    else notice(`${of.name} was saved to ${folder.name}.`);
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'AbortError')) problem(error);
  }
}
