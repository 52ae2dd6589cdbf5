// SPDX-License-Identifier: Apache-2.0
// Opening, saving and sharing a case: three menus and a button where there is room, one menu where there is little.
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { TextKey } from '../case/case.ts';
import { fileOf } from '../case/case.ts';
import { current } from '../case/store.ts';
import { results } from '../engine/engine.ts';
import { notice, problem } from '../ui/notices.tsx';
import { Dialog, Menu, type MenuItem } from '../ui/parts.tsx';
import { examples } from './examples.ts';
import { fileName } from './files.ts';
import { formerName } from './keeper.ts';
import { LONG_LINK, linkOf } from './link.ts';
import { openEmpty, openExample, openFormer, openSchema, pick } from './open.ts';
import { canSaveToFolder, saveCase, saveSample, saveText, saveToFolder, saveZip } from './save.ts';
import './carry.css';

const TEXTS: TextKey[] = ['schema', 'model', 'policies', 'routes', 'tests'];

/** What a failed saving says. */
const tried = (saving: () => Promise<void>) => () => void saving().catch(problem);

const exampleItems = (): MenuItem[] =>
  examples.map((one) => ({ label: one.title, hint: one.says, act: () => void openExample(one) }));

function openItems(): MenuItem[] {
  const before = formerName.value;
  return [
    {
      label: 'Files …',
      hint: 'A pack’s files, a zip of them, a diagram, SQL, or a case file. Dropping them on the page does the same.',
      act: () => pick(false),
    },
    { label: 'A folder …', hint: 'A pack, as the palisade command reads it.', act: () => pick(true) },
    {
      label: 'Your own schema …',
      hint: 'Paste a diagram or SQL, and see what a first model keeps of it.',
      act: () => openSchema(),
    },
    { label: 'A new case', hint: 'With nothing in it.', act: openEmpty },
    ...(before === undefined
      ? []
      : [{ label: `Back to ${before}`, hint: 'What you had before you last opened something.', act: openFormer }]),
  ];
}

function saveItems(): MenuItem[] {
  const of = current.value;
  return [
    {
      label: `${fileName(of.name)}.zip`,
      hint: 'All files of the pack, and the rows as sample.sql.',
      act: tried(saveZip),
    },
    ...(canSaveToFolder
      ? [
          {
            label: 'To a folder …',
            hint: 'The same files, as the palisade command reads them.',
            act: tried(saveToFolder),
          },
        ]
      : []),
    { label: `${fileName(of.name)}.case.json`, hint: 'The case as it is in one file, errors and all.', act: saveCase },
    ...TEXTS.map((key) => ({ label: fileOf(key, of), disabled: of[key] === '', act: () => saveText(key) })),
    { label: 'sample.sql', act: tried(saveSample) },
  ];
}

export function CarryMenu() {
  return (
    <>
      <Menu class="carry-wide" label="Examples" items={exampleItems()} />
      <Menu class="carry-wide" label="Open" items={openItems()} />
      <Menu class="carry-wide" label="Save" items={saveItems()} />
      <button type="button" class="carry-wide" title="Copy a link that holds the whole case" onClick={share}>
        Share link
      </button>
      <Things />
      <LinkDialog />
    </>
  );
}

// --- Narrow screens --------------------------------------------------------------------------------------------------

const things = signal<{ title: string; items: MenuItem[] } | undefined>(undefined);

/** The same things, for the one menu of a narrow screen. */
export function carryItems(): MenuItem[] {
  const show = (title: string, items: () => MenuItem[]) => () => (things.value = { title, items: items() });
  return [
    { label: 'Examples …', act: show('Examples', exampleItems) },
    { label: 'Open …', act: show('Open', openItems) },
    { label: 'Save …', act: show('Save', saveItems) },
    { label: 'Share link', act: share },
  ];
}

function Things() {
  const shown = things.value;
  if (shown === undefined) return null;
  const close = () => (things.value = undefined);
  return (
    <Dialog title={shown.title} close={close}>
      <div class="carry-things">
        {shown.items.map(({ label, hint, disabled, act }) => (
          <button
            key={label}
            type="button"
            disabled={disabled}
            onClick={() => {
              close();
              act();
            }}
          >
            {label}
            {hint !== undefined && <small>{hint}</small>}
          </button>
        ))}
      </div>
    </Dialog>
  );
}

// --- The link --------------------------------------------------------------------------------------------------------

const linked = signal<{ link: string; copied: boolean } | undefined>(undefined);

async function share(): Promise<void> {
  let link: string;
  try {
    link = linkOf(current.value, location.href);
  } catch (error) {
    return problem(error);
  }
  let copied = false;
  try {
    await navigator.clipboard.writeText(link);
    copied = true;
  } catch {
    // Not every page may write there. The link is shown, to be copied by hand.
  }
  if (!copied || link.length > LONG_LINK) linked.value = { link, copied };
  else notice(`The link was copied: ${count(link)}. Whoever has it sees the whole case, ${secrets()}.`);
}

const count = (link: string) => `${link.length.toLocaleString('en')} characters`;

/** What is in the rows and nobody should see. */
function secrets(): string {
  const { rows } = current.value;
  const tables = results.compiled.value?.model?.tables ?? [];
  const secret = tables.flatMap(({ name, columns }) => {
    const table = Object.hasOwn(rows, name) ? rows[name] : undefined;
    const there = columns.filter((column) => {
      const at = column.secret ? (table?.columns.indexOf(column.name) ?? -1) : -1;
      return at >= 0 && table!.rows.some((row) => row[at] !== null);
    });
    return there.map((column) => `${name}.${column.name}`);
  });
  return secret.length === 0
    ? 'rows too'
    : `rows too, and in them ${secret.slice(0, 3).join(', ')}, which the model calls secret`;
}

function LinkDialog() {
  const shown = linked.value;
  const text = useRef<HTMLTextAreaElement>(null);
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    setCopied(shown?.copied ?? false);
    text.current?.focus();
    text.current?.select();
  }, [shown]);
  if (shown === undefined) return null;
  const { link } = shown;
  const close = () => (linked.value = undefined);
  return (
    <Dialog title="Share link" close={close}>
      <div class="carry-link">
        <p>
          {copied ? 'The link was copied' : 'Copy this link'}: {count(link)}. Whoever has it sees the whole case,{' '}
          {secrets()}.
        </p>
        {link.length > LONG_LINK && (
          <p class="warn">
            ! Some programs cut links that are longer than {LONG_LINK.toLocaleString('en')} characters. A case file is
            safer.
          </p>
        )}
        <textarea
          ref={text}
          readOnly
          value={link}
          aria-label="The link"
          onFocus={(event) => event.currentTarget.select()}
        />
        <div>
          <button
            type="button"
            onClick={() =>
              navigator.clipboard.writeText(link).then(
                () => setCopied(true),
                () => text.current?.select(),
              )
            }
          >
            Copy
          </button>
          <button type="button" onClick={saveCase}>
            Save as a case file
          </button>
        </div>
      </div>
    </Dialog>
  );
}
