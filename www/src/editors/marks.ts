// SPDX-License-Identifier: Apache-2.0
// Signs beside lines: what the tests reach, what decided. They move with their lines while somebody types.
import { type Extension, RangeSet, StateEffect, StateField, type Text } from '@codemirror/state';
import { Decoration, EditorView, gutter, GutterMarker } from '@codemirror/view';

export interface Mark {
  /** From 1. */
  line: number;
  kind: 'covered' | 'uncovered' | 'decided';
  title: string;
}

const SIGNS: Record<Mark['kind'], string> = { covered: '✓', uncovered: '○', decided: '➤' };

class Sign extends GutterMarker {
  readonly kind: Mark['kind'];
  readonly title: string;
  constructor(kind: Mark['kind'], title: string) {
    super();
    this.kind = kind;
    this.title = title;
  }
  override eq(other: Sign): boolean {
    return other.kind === this.kind && other.title === this.title;
  }
  override toDOM(): Node {
    const sign = document.createElement('span');
    sign.className = `cm-mark cm-mark-${this.kind}`;
    sign.title = this.title;
    sign.textContent = SIGNS[this.kind];
    return sign;
  }
}

const set = StateEffect.define<Mark[]>();
const decided = Decoration.line({ class: 'cm-decided' });

function signs(marks: Mark[], doc: Text): RangeSet<GutterMarker> {
  // One sign a line: what decided goes before what the tests say, and its title has both.
  const lines = new Map<number, Mark>();
  for (const mark of marks) {
    const line = Math.trunc(mark.line);
    if (!(line >= 1 && line <= doc.lines)) continue;
    const other = lines.get(line);
    if (other === undefined) lines.set(line, mark);
    else
      lines.set(line, {
        line,
        kind: mark.kind === 'decided' ? 'decided' : other.kind,
        title: `${other.title} ${mark.title}`,
      });
  }
  return RangeSet.of(
    [...lines].map(([line, { kind, title }]) => new Sign(kind, title).range(doc.line(line).from)),
    true,
  );
}

const field = StateField.define<RangeSet<GutterMarker>>({
  create: () => RangeSet.empty,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(set)) return signs(effect.value, transaction.state.doc);
    return transaction.docChanged ? value.map(transaction.changes) : value;
  },
  provide: (self) =>
    EditorView.decorations.from(self, (value) => {
      const ranges = [];
      for (const at = value.iter(); at.value !== null; at.next())
        if ((at.value as Sign).kind === 'decided') ranges.push(decided.range(at.from));
      return Decoration.set(ranges);
    }),
});

export const marking: Extension = [field, gutter({ class: 'cm-marks', markers: (view) => view.state.field(field) })];

export const setMarks = (marks: Mark[]) => set.of(marks);
