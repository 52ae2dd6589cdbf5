// SPDX-License-Identifier: Apache-2.0
// Completion and hover, as CodeMirror shows them. What they say is worked out elsewhere.
import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  pickedCompletion,
  snippet,
  startCompletion,
} from '@codemirror/autocomplete';
import { type Extension, Prec } from '@codemirror/state';
import { activateHover, type Command, EditorView, hoverTooltip, keymap } from '@codemirror/view';
import { complete, type Option } from './complete.ts';
import { hintAt } from './hover.ts';
import { vocabulary } from './known.ts';

function completing(file: string) {
  return (context: CompletionContext): CompletionResult | null => {
    const found = complete(file, context.state.doc.toString(), context.pos, vocabulary.peek(), context.explicit);
    if (found === undefined) return null;
    return { from: found.from, options: found.options.map(shown), validFor: /^[\p{L}\p{N}_@]*$/u };
  };
}

function shown({ label, detail, info, kind, boost, apply, snippet: fields, from: own }: Option): Completion {
  const completion: Completion = { label, type: kind };
  if (detail !== undefined && detail !== '') completion.detail = detail;
  if (info !== undefined) completion.info = () => written('div', info);
  if (boost !== undefined) completion.boost = Math.max(-99, Math.min(99, boost));
  if (apply === undefined && own === undefined) return completion;
  completion.apply = (view, picked, from, to) => {
    const start = Math.min(own ?? from, from);
    const text = apply ?? label;
    if (fields === true) {
      snippet(text)(view, picked, start, to);
      // What can stand in an empty field is offered at once.
      if (/["']\$\{\}["']/.test(text)) startCompletion(view);
    } else {
      view.dispatch({
        changes: { from: start, to, insert: text },
        selection: { anchor: start + text.length },
        userEvent: 'input.complete',
        annotations: pickedCompletion.of(picked),
      });
    }
  };
  return completion;
}

function hovering(file: string) {
  return hoverTooltip(
    (view, at) => {
      const hint = hintAt(file, view.state.doc.toString(), at, vocabulary.peek());
      if (hint === undefined) return null;
      return { pos: hint.from, end: hint.to, above: true, create: () => ({ dom: card(hint.title, hint.lines) }) };
    },
    { hideOnChange: true, hoverTime: 350 },
  );
}

function card(title: string, lines: string[]): HTMLElement {
  const dom = document.createElement('div');
  dom.className = 'editor-hint';
  const head = document.createElement('strong');
  head.textContent = title;
  dom.append(head);
  for (const line of lines) {
    dom.append(written('p', line));
  }
  return dom;
}

/** A sentence; what stands between backquotes in it is code. */
function written(name: 'p' | 'div', text: string): HTMLElement {
  const element = document.createElement(name);
  text.split('`').forEach((piece, at) => {
    if (at % 2 === 0) element.append(piece);
    else element.append(Object.assign(document.createElement('code'), { textContent: piece }));
  });
  return element;
}

/** Hovers by the keyboard, and says what it shows. */
const explain = (file: string, tooltip: Extension): Command => (view) => {
  const at = view.state.selection.main.head;
  const text = view.state.doc.toString();
  // A cursor behind a word means that word.
  const place = [at, at - 1].find((one) => one >= 0 && hintAt(file, text, one, vocabulary.peek()) !== undefined);
  const hint = place === undefined ? undefined : hintAt(file, text, place, vocabulary.peek());
  if (place === undefined || hint === undefined) return false;
  activateHover(view, place, 1, {
    tooltip,
    until: (transaction) => transaction.docChanged || transaction.selection !== undefined,
  });
  view.dispatch({ effects: EditorView.announce.of([hint.title, ...hint.lines].join(' ').replaceAll('`', '')) });
  return true;
};

export function wordsOf(file: string): Extension {
  const tooltip = hovering(file);
  return [
    autocompletion({ override: [completing(file)], icons: false, maxRenderedOptions: 120, activateOnTypingDelay: 60 }),
    tooltip,
    Prec.high(keymap.of([{ key: 'Mod-Shift-Space', run: explain(file, tooltip), preventDefault: true }])),
  ];
}
