// SPDX-License-Identifier: Apache-2.0
// What this page is and how it is used, for those who ask.
import { Dialog } from '../ui/parts.tsx';

const PANES: [string, string][] = [
  [
    'What does my schema say?',
    'Your tables as a diagram, and the model: what each table means for who may do what. A first model is inferred ' +
      'from the schema; correct it where it guessed wrong.',
  ],
  [
    'What are the rules?',
    'Most rules are made of the tables. What no table says is written by hand here, in Cedar: ' +
      'permit lets somebody do something, and forbid always wins over permit.',
  ],
  ['Who and what?', 'The rows: people, roles, documents, shares. Change a cell, and every answer is made anew.'],
  [
    'What happens?',
    'Ask whether somebody may do something. The answer says which rows and rules it rests on and, ' +
      'where it is no, which row would make it a yes.',
  ],
  [
    'Who may do what? What must hold? What would change?',
    'All answers at once; decisions that must come out, as tests; and what your changes give and take.',
  ],
];

const KEYS: [string, string][] = [
  ['Ctrl+Z, Ctrl+Shift+Z', 'Undo, redo: everything, also opening another case'],
  ['Alt+1 … Alt+7', 'What happens, schema, rules, rows, matrix, tests, changes'],
  ['F6, Shift+F6', 'The next pane, the one before'],
  ['Escape', 'Close what is open; in an editor, let Tab leave it'],
  ['F8, Shift+F8', 'In an editor: the next problem, the one before'],
  ['Ctrl+Space', 'In an editor: what can stand here'],
  ['Ctrl+F', 'In an editor: search'],
  ['Arrows, Enter, Delete', 'In rows: move, change a cell, empty it'],
  ['?', 'This help'],
];

export function Help({ close }: { close: () => void }) {
  return (
    <Dialog title="Help" close={close} wide>
      <div class="help">
        <p>
          Palisade reads who may do what from the tables that an application has, and turns it into Cedar, a language
          for such rules. Here you try it: each answer is made in this page, as a gate would make it.
        </p>
        <p>
          <strong>Nothing leaves this page.</strong> What you type and open stays in this browser, which keeps it for
          your next visit. A link that you share holds the whole case in itself: no server gets it from your browser.
        </p>
        <h3>The panes</h3>
        <dl>
          {PANES.map(([name, says]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{says}</dd>
            </div>
          ))}
        </dl>
        <h3>Keys</h3>
        <p class="muted">On a Mac, Cmd does what Ctrl does, and Option what Alt does.</p>
        <table>
          <tbody>
            {KEYS.map(([key, does]) => (
              <tr key={key}>
                <th scope="row">
                  <kbd>{key}</kbd>
                </th>
                <td>{does}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <h3>To read on</h3>
        <p>
          With Palisade come <code>docs/pack.md</code>: every line that a pack’s files can have, and the command that
          compiles and tests them; and <code>docs/gate.md</code>: the gate that decides by them.
        </p>
      </div>
    </Dialog>
  );
}
