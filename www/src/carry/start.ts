// SPDX-License-Identifier: Apache-2.0
// With which case the page begins: the one in the link, the one that was worked on, or the example.
import { EMPTY, textsOf } from '../case/case.ts';
import { base, begin, complete, current } from '../case/store.ts';
import { notice, problem } from '../ui/notices.tsx';
import { exampleTexts, examples, rowsOf } from './examples.ts';
import { keep } from './keeper.ts';
import { type Kept, Unreadable, takeKept } from './keep.ts';
import { caseIn } from './link.ts';
import { arrive, tellIgnored } from './open.ts';
import { FIRST } from './packs.ts';
import type { CaseRead } from './read.ts';
import { download } from './save.ts';

/** Shows a case at once, as far as it is there; resolves when all of it is. Never rejects. */
export async function start(): Promise<void> {
  const kept = whatWasKept();
  const linked = whatIsLinked();
  if (kept !== undefined) begin(kept.of, kept.from);
  if (linked !== undefined && kept === undefined) begin(linked.of);
  if (linked !== undefined && kept !== undefined && !same(linked, kept))
    arrive(linked.of, 'open the link', 'The link was opened');
  if (kept === undefined && linked === undefined) await first();
  // The example of a first visit is not kept before somebody changes it; a link is no longer in the address.
  keep(kept ?? (linked === undefined ? { of: current.value, from: base.value } : undefined));
  addEventListener('hashchange', follow);
}

function whatWasKept(): Kept | undefined {
  try {
    const kept = takeKept(localStorage);
    if (kept !== undefined) tellIgnored('What was kept', kept.ignored);
    return kept;
  } catch (error) {
    if (!(error instanceof Unreadable)) problem(error);
    else
      notice(error.message, true, {
        label: 'Save it as a file',
        act: () => download('palisade-unreadable.json', error.text),
      });
    return undefined;
  }
}

/** The case in the address, which is taken out of it: a reload is to show what was made of it since. */
function whatIsLinked(): CaseRead | undefined {
  const fragment = location.hash;
  try {
    const linked = caseIn(fragment);
    if (linked !== undefined) tellIgnored('The link', linked.ignored);
    return linked;
  } catch (error) {
    problem(error);
    return undefined;
  } finally {
    if (fragment.startsWith('#case=')) history.replaceState(history.state, '', location.pathname + location.search);
  }
}

const same = (linked: CaseRead, kept: Kept) => JSON.stringify(linked.of) === JSON.stringify(kept.of);

/** Another link, pasted into the address of the page as it is open. */
function follow(): void {
  const linked = whatIsLinked();
  if (linked !== undefined) arrive(linked.of, 'open the link', 'The link was opened');
}

/** Somebody's first visit. The texts are there at once, the rows as soon as the engine can read them. */
async function first(): Promise<void> {
  const example = examples.find(({ name }) => name === FIRST) ?? examples[0];
  begin(EMPTY);
  if (example === undefined) return;
  try {
    const { of, sample } = await exampleTexts(example);
    if (current.value !== EMPTY) return;
    begin(of);
    complete(of, await rowsOf(sample, textsOf(of)));
  } catch (error) {
    problem(error);
  }
}
