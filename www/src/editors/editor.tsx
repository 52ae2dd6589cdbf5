// SPDX-License-Identifier: Apache-2.0
// The editor of one text. The text belongs to the case: what is typed goes to `onChange`, what comes as `value` is
// shown, and undoing is the case's own, so that there is one history for texts, rows and the question.
import { acceptCompletion, closeBrackets, closeBracketsKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, indentWithTab } from '@codemirror/commands';
import { bracketMatching, codeFolding, foldGutter, foldKeymap, indentOnInput, indentUnit } from '@codemirror/language';
import {
  forEachDiagnostic,
  linter,
  lintGutter,
  nextDiagnostic,
  previousDiagnostic,
  setDiagnostics,
} from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Annotation, Compartment, EditorSelection, EditorState, type Extension, Prec } from '@codemirror/state';
import {
  type Command,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  placeholder as placeholderOf,
} from '@codemirror/view';
import { effect } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { type TextPlace, wantedText } from '../app/places.ts';
import { redo, undo } from '../case/store.ts';
import type { Finding } from '../engine/shapes.ts';
import { difference, sameInk } from './difference.ts';
import './editors.css';
import { diagnostics, rangeOf } from './findings.ts';
import { languageOf, type LanguageName } from './languages.ts';
import { type Mark, marking, setMarks } from './marks.ts';
import { theme } from './theme.ts';
import { wordsOf } from './words.ts';

export type { Mark } from './marks.ts';
export type { LanguageName } from './languages.ts';

export interface EditorProps {
  /** Whose findings and places are shown: `model.toml`, `policies.cedar`, … or `generated`. */
  file: string;
  /** Its name, for those who hear it. */
  label: string;
  language: LanguageName;
  value: string;
  onChange?: ((text: string) => void) | undefined;
  readOnly?: boolean;
  findings?: readonly Finding[];
  marks?: readonly Mark[];
  /** What stands there while there is no text. */
  placeholder?: string;
  /** Keys of the pane: `{ 'Shift-Alt-f': format }`. */
  keys?: Record<string, () => void>;
}

const NONE: never[] = [];
/** Marks what comes from outside and so is not told back. */
const outside = Annotation.define<boolean>();
/** Where each file was left, so that going to another tab and back loses no place. */
const left = new Map<string, { selection: EditorSelection; top: number }>();
/** The place that was gone to last: each is gone to once. */
let gone: TextPlace | undefined;

/** Below this width long lines are wrapped, in pixels: sentences in comments are to be read without scrolling. */
const NARROW = 600;

export function Editor(props: EditorProps) {
  const { file, label, language, value, readOnly = false, placeholder, findings = NONE, marks = NONE } = props;
  const parent = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  /** The text as it was last told or taken. */
  const text = useRef(value);
  /** When the user last took something back from within this editor. */
  const undone = useRef(0);
  const latest = useRef(props);
  latest.current = props;

  /** What an editor is made for: another file is another editor. */
  const shape = [file, language, readOnly, label, placeholder];

  useLayoutEffect(() => {
    const root = parent.current;
    if (root === null) return;
    const { value } = latest.current;
    text.current = value;
    const lang = new Compartment();
    const wrap = new Compartment();
    const wraps = () => readOnly || root.clientWidth < NARROW;
    let wrapped = wraps();
    const loaded = languageOf(language);
    const back = (act: () => void): Command => () => {
      undone.current = performance.now();
      act();
      return true;
    };
    const was = left.get(file);
    const made = new EditorView({
      parent: root,
      state: EditorState.create({
        doc: value,
        selection:
          was !== undefined && was.selection.main.to <= value.length ? was.selection : EditorSelection.single(0),
        extensions: [
          lang.of(loaded instanceof Promise ? [] : loaded),
          wrap.of(wrapped ? EditorView.lineWrapping : []),
          Prec.highest(
            keymap.of([
              { key: 'Mod-z', run: back(undo), preventDefault: true },
              { key: 'Mod-Shift-z', run: back(redo), preventDefault: true },
              { key: 'Mod-y', run: back(redo), preventDefault: true },
              ...Object.keys(latest.current.keys ?? {}).map((key) => ({
                key,
                run: () => {
                  latest.current.keys?.[key]?.();
                  return true;
                },
                preventDefault: true,
              })),
            ]),
          ),
          EditorView.domEventHandlers({
            // The browser's own menu has an undo, too.
            beforeinput(event) {
              if (event.inputType !== 'historyUndo' && event.inputType !== 'historyRedo') return false;
              event.preventDefault();
              undone.current = performance.now();
              (event.inputType === 'historyUndo' ? undo : redo)();
              return true;
            },
          }),
          EditorState.readOnly.of(readOnly),
          EditorView.contentAttributes.of({
            // It scrolls, so it is reached by the keyboard: said aloud, since not everybody counts what can be edited.
            tabindex: '0',
            'aria-label': label,
            'aria-description': `${readOnly ? 'Only for reading. ' : ''}Press Escape, then Tab, to leave the editor.`,
            spellcheck: 'false',
            autocapitalize: 'off',
            autocorrect: 'off',
          }),
          EditorView.updateListener.of((update) => {
            if (!update.docChanged || update.transactions.every((one) => one.annotation(outside) === true)) return;
            text.current = update.state.doc.toString();
            latest.current.onChange?.(text.current);
          }),
          placeholder === undefined ? [] : placeholderOf(placeholder),
          wordsOf(file),
          latest.current.marks === undefined ? [] : marking,
          basics,
        ],
      }),
    });
    if (was !== undefined) made.scrollDOM.scrollTop = was.top;
    view.current = made;
    let living = true;
    if (loaded instanceof Promise) {
      loaded.then((extension) => living && made.dispatch({ effects: lang.reconfigure(extension) }), () => undefined);
    }
    const width = new ResizeObserver(() => {
      if (root.clientWidth === 0 || wraps() === wrapped) return;
      wrapped = !wrapped;
      made.dispatch({ effects: wrap.reconfigure(wrapped ? EditorView.lineWrapping : []) });
    });
    width.observe(root);
    // A pane that was just chosen is drawn first.
    let timer: ReturnType<typeof setTimeout> | undefined;
    const listen = effect(() => {
      const place = wantedText.value;
      if (place === undefined || place === gone || place.file !== file) return;
      timer = setTimeout(() => {
        gone = place;
        go(made, place);
      });
    });
    return () => {
      living = false;
      clearTimeout(timer);
      listen();
      width.disconnect();
      left.set(file, { selection: made.state.selection, top: made.scrollDOM.scrollTop });
      made.destroy();
      view.current = undefined;
    };
  }, shape);

  useLayoutEffect(() => {
    const made = view.current;
    if (made === undefined || value === text.current) return;
    const before = made.state.doc.toString();
    text.current = value;
    const changes = difference(before, value);
    if (changes === undefined) return;
    const takenBack = made.hasFocus && performance.now() - undone.current < 1000;
    undone.current = 0;
    const head = takenBack
      ? changes.from + changes.insert.length
      : sameInk(before, value, made.state.selection.main.head);
    made.dispatch({
      changes,
      ...(head === undefined ? {} : { selection: { anchor: Math.min(head, value.length) } }),
      annotations: outside.of(true),
      scrollIntoView: takenBack,
    });
  }, [value, ...shape]);

  const found = useSame(findings);
  useLayoutEffect(() => {
    const made = view.current;
    made?.dispatch(setDiagnostics(made.state, diagnostics(made.state.doc, found)));
  }, [found, ...shape]);

  const marked = useSame(marks, (a, b) => a.line === b.line && a.kind === b.kind && a.title === b.title);
  useLayoutEffect(() => {
    view.current?.dispatch({ effects: setMarks([...marked]) });
  }, [marked, ...shape]);

  return <div class="editor" ref={parent} />;
}

/** The list as it was, while a new one has the same in it: what is drawn again flickers. */
function useSame<Item>(list: readonly Item[], same: (a: Item, b: Item) => boolean = Object.is): readonly Item[] {
  const kept = useRef(list);
  if (kept.current.length !== list.length || kept.current.some((item, at) => !same(item, list[at]!)))
    kept.current = list;
  return kept.current;
}

function go(view: EditorView, { line, column, length }: TextPlace): void {
  const { from, to } = rangeOf(view.state.doc, line, column, length);
  view.dispatch({ selection: { anchor: from, head: to }, effects: EditorView.scrollIntoView(from, { y: 'center' }) });
  view.focus();
}

/** Goes to a finding and says it, for those who do not see the tooltip. */
const toFinding = (move: Command): Command => (view) => {
  if (!move(view)) return false;
  const { from, to } = view.state.selection.main;
  forEachDiagnostic(view.state, ({ message, severity }, start, end) => {
    if (start === from && end === to) view.dispatch({ effects: EditorView.announce.of(`${severity}: ${message}`) });
  });
  return true;
};

/**
 * After Escape, Tab goes on to what follows the editor, however long somebody takes for it; any other key is for the
 * text.
 */
const leaving = Prec.highest(
  EditorView.domEventHandlers({
    keydown(event, view) {
      if (!['Tab', 'Shift', 'Escape'].includes(event.key)) view.setTabFocusMode(false);
      return false;
    },
    blur(_, view) {
      view.setTabFocusMode(false);
      return false;
    },
  }),
);

const basics: Extension = [
  leaving,
  linter(null),
  lintGutter(),
  lineNumbers(),
  highlightActiveLine(),
  highlightActiveLineGutter(),
  // The text that stands in an empty editor is one to be read.
  EditorView.contentAttributes.of(({ state }) => (state.doc.length === 0 ? { class: 'cm-lineWrapping' } : null)),
  // Characters that are not seen or turn the reading direction: rules may come from somebody else.
  highlightSpecialChars(),
  codeFolding(),
  foldGutter({ openText: '▾', closedText: '▸' }),
  bracketMatching(),
  closeBrackets(),
  indentOnInput(),
  indentUnit.of('    '),
  search({ top: true }),
  highlightSelectionMatches({ minSelectionLength: 2 }),
  // A line that is gone to does not stick to the edge.
  EditorView.scrollMargins.of(() => ({ top: 20, bottom: 20 })),
  theme,
  keymap.of([
    { key: 'F8', run: toFinding(nextDiagnostic), shift: toFinding(previousDiagnostic), preventDefault: true },
    { key: 'Tab', run: acceptCompletion },
    ...closeBracketsKeymap,
    ...searchKeymap,
    ...foldKeymap,
    ...defaultKeymap,
    indentWithTab,
    // Escape is for the editor, not for the page: a pane that has the whole screen keeps it while somebody writes.
    {
      key: 'Escape',
      run: (view) => {
        view.setTabFocusMode(true);
        return true;
      },
    },
  ]),
];
