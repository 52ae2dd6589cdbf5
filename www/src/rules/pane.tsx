// SPDX-License-Identifier: Apache-2.0
// What are the rules? Those written by hand, those that the model makes, what both may speak of, and the gate's routes.
import { computed } from '@preact/signals';
import { badgeOf, findingsIn } from '../app/badges.ts';
import { rulesTab } from '../app/places.ts';
import { change, current, setText } from '../case/store.ts';
import { Editor } from '../editors/editor.tsx';
import { lastModel } from '../editors/known.ts';
import { ask, results } from '../engine/engine.ts';
import { notice, problem } from '../ui/notices.tsx';
import { Pane } from '../ui/pane.tsx';
import { Empty, type Tab, TabPanel, Tabs, TextLink } from '../ui/parts.tsx';
import { marksOf, type Rule, rulesOf } from './marks.ts';
import './rules.css';

type Name = typeof rulesTab.value;

const NO_POLICIES = `No rule is written by hand, and often none need be: what your tables say of who may do what stands under “Generated”.

Write one for what tables imply but cannot say. Type “permit” or “forbid”, or press Ctrl+Space for what can stand here:

@id("documents/public")
permit (
    principal is User,
    action == Action::"read",
    resource is Document
)
when {
    resource has is_public &&
    resource.is_public
};`;

const NO_ROUTES = `Only the gate needs routes: they say which action on which resource an HTTP request asks for.

[[route]]
method = "GET"
path = "/documents/{id}"
action = "read"
resource = { type = "Document", id = "{id}" }`;

/** What a text is for, where that is not plain. What is written by hand explains itself while it is empty. */
const SAYS: Partial<Record<Name, string>> = {
  generated: 'What the model makes of your tables; each row that grants is one more.',
  cedarschema: 'What rules may speak of: types, attributes, actions.',
  routes: 'What each HTTP request asks for. Only the gate needs it.',
};

const tabs = computed<Tab<Name>[]>(() => [
  { name: 'policies', label: 'By hand', ...badgeOf('policies.cedar') },
  { name: 'generated', label: 'Generated', ...badgeOf('generated') },
  { name: 'cedarschema', label: 'Cedar schema' },
  { name: 'routes', label: 'Routes', ...badgeOf('routes.toml') },
]);

/** What was compiled last without an error. */
let files: Record<string, string> | undefined;
const compiled = computed(() => {
  const now = results.compiled.value?.files;
  if (now != null) files = now;
  return files;
});

const handFindings = computed(() => findingsIn('policies.cedar'));
const generatedFindings = computed(() => findingsIn('generated'));
const routeFindings = computed(() => findingsIn('routes.toml'));

/** Policies that decided the question. */
const decided = computed<ReadonlySet<string>>(() => {
  const answer = results.answer.value;
  return new Set(answer !== undefined && 'reasons' in answer ? answer.reasons.map(({ policy }) => policy) : []);
});
const run = computed(() => {
  const tests = results.tests.value;
  return tests !== undefined && 'coverage' in tests && tests.results.length > 0 ? tests : undefined;
});
const fresh = computed(() => results.compiled.value?.ok === true);
const policies = computed(() => lastModel.value?.policies ?? []);
const handRules = computed(() =>
  // Found by their `@id` in the text as it is by now, when the engine has said something new: until then the signs move
  // with their lines.
  rulesOf(current.peek().policies, 'policies.cedar', policies.value, false, run.value?.coverage, decided.value),
);
const generatedRules = computed(() =>
  rulesOf(
    compiled.value?.['policies.cedar'] ?? '',
    'generated',
    policies.value,
    true,
    run.value?.coverage,
    decided.value,
  ),
);
const handMarks = computed(() => marksOf(handRules.value, run.value !== undefined));
const generatedMarks = computed(() => marksOf(generatedRules.value, run.value !== undefined));

const errorsIn = (...names: string[]) =>
  (results.compiled.value?.findings ?? []).some(
    ({ severity, place }) => severity === 'error' && names.includes(place?.file ?? ''),
  );

/** Formats the rules, unless somebody wrote on meanwhile. */
async function format(): Promise<void> {
  const before = current.peek().policies;
  if (before.trim() === '') return;
  try {
    const after = await ask('format', { policies: before });
    if (current.peek().policies !== before) return;
    if (after === before) notice('The rules are formatted as they are.');
    else change({ policies: after }, 'format policies.cedar');
  } catch (error) {
    problem(error);
  }
}

const formatKeys = { 'Shift-Alt-f': () => void format() };

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    notice('Copied.');
  } catch {
    notice('This browser does not let the page copy: select the text and copy it yourself.', true);
  }
}

const setPolicies = (text: string) => setText('policies', text);
const setRoutes = (text: string) => setText('routes', text);

export function RulesPane() {
  const chosen = rulesTab.value;
  const made = { generated: compiled.value?.['policies.cedar'], cedarschema: compiled.value?.['schema.cedarschema'] };
  const text = chosen === 'generated' || chosen === 'cedarschema' ? made[chosen] : undefined;
  return (
    <Pane name="rules" heading="What are the rules?">
      <div class="rules-bar">
        <Tabs id="rules" label="Rules" tabs={tabs.value} chosen={chosen} choose={(name) => (rulesTab.value = name)} />
        {chosen === 'policies' && (
          <button
            type="button"
            class="quiet"
            title="Format the rules (Shift+Alt+F)"
            disabled={current.value.policies.trim() === ''}
            onClick={format}
          >
            Format
          </button>
        )}
        {text !== undefined && (
          <button type="button" class="quiet" title="Copy this text" onClick={() => copy(text)}>
            Copy
          </button>
        )}
      </div>
      <TabPanel id="rules" chosen={chosen} class="rules">
        {chosen === 'policies' && (
          <Editor
            file="policies.cedar"
            label="Rules written by hand, policies.cedar"
            language="cedar"
            value={current.value.policies}
            onChange={setPolicies}
            findings={handFindings.value}
            marks={handMarks.value}
            placeholder={NO_POLICIES}
            keys={formatKeys}
          />
        )}
        {chosen === 'generated' &&
          (made.generated === undefined ? (
            <NotYet />
          ) : (
            <Editor
              file="generated"
              label="Generated rules"
              language="cedar"
              value={made.generated}
              readOnly
              findings={generatedFindings.value}
              marks={generatedMarks.value}
            />
          ))}
        {chosen === 'cedarschema' &&
          (made.cedarschema === undefined ? (
            <NotYet />
          ) : (
            <Editor
              file="schema.cedarschema"
              label="Cedar schema"
              language="cedarschema"
              value={made.cedarschema}
              readOnly
            />
          ))}
        {chosen === 'routes' && (
          <Editor
            file="routes.toml"
            label="Routes of the gate, routes.toml"
            language="toml"
            value={current.value.routes}
            onChange={setRoutes}
            findings={routeFindings.value}
            placeholder={NO_ROUTES}
          />
        )}
        <div class="rules-foot">
          {SAYS[chosen] !== undefined && <p class="muted">{SAYS[chosen]}</p>}
          <div class="rules-status" role="status">
            <Status chosen={chosen} />
          </div>
        </div>
      </TabPanel>
    </Pane>
  );
}

function NotYet() {
  const waits = results.compiled.value === undefined;
  return (
    <Empty>
      {waits
        ? 'The engine is being loaded …'
        : 'Nothing can be made of the schema and the model yet: they have an error.'}
    </Empty>
  );
}

/** Under the text: whether answers go by it, what decided, what the tests reach. */
function Status({ chosen }: { chosen: Name }) {
  switch (chosen) {
    case 'policies':
      if (errorsIn('policies.cedar')) {
        return <span class="warn">! An error: answers still go by the last version without one.</span>;
      }
      return <Reached rules={handRules.value} file="policies.cedar" />;
    case 'generated':
      if (!fresh.value && compiled.value !== undefined)
        return <span class="warn">! A text has an error: this is the last version without one.</span>;
      return <Reached rules={generatedRules.value} file="generated" />;
    case 'cedarschema':
      if (!fresh.value && compiled.value !== undefined)
        return <span class="warn">! A text has an error: this is the last version without one.</span>;
      return null;
    case 'routes':
      return errorsIn('routes.toml') ? (
        <span class="warn">! The routes have an error; decisions do not depend on them.</span>
      ) : null;
  }
}

/** What the signs beside the lines say, for those who do not see them. */
function Reached({ rules, file }: { rules: readonly Rule[]; file: string }) {
  const deciding = rules.filter((rule) => rule.decided);
  const tested = run.value !== undefined;
  const missing = rules.filter(({ tests }) => tests === 0);
  return (
    <>
      {deciding.length > 0 && (
        <span>
          <span aria-hidden="true">➤ </span>decided now: <Links rules={deciding} file={file} />
        </span>
      )}
      {tested && rules.length > 0 && missing.length === 0 && <span class="muted">✓ tests reach every rule</span>}
      {tested && missing.length > 0 && (
        <span class="muted">
          ○ {missing.length} of {rules.length} without a test: <Links rules={missing} file={file} />
        </span>
      )}
    </>
  );
}

/** The most rules that are named. */
const NAMED = 2;

function Links({ rules, file }: { rules: readonly Rule[]; file: string }) {
  return (
    <>
      {rules.slice(0, NAMED).map(({ id, line }, at) => (
        <span key={id}>
          {at > 0 && ', '}
          <TextLink place={{ file, line }}>{id}</TextLink>
        </span>
      ))}
      {rules.length > NAMED && ` and ${rules.length - NAMED} more`}
    </>
  );
}
