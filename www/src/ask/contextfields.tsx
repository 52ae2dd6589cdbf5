// SPDX-License-Identifier: Apache-2.0
// The context of the question: a field for each attribute that the action takes, or the whole as JSON.
import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { setAsk } from '../case/store.ts';
import type { Attribute, Uid } from '../engine/shapes.ts';
import {
  entityOf,
  entityPart,
  isEntity,
  jsonProblem,
  partsOf,
  shown,
  typeSays,
  withPart,
  written,
  wrong,
} from './context.ts';

type EntityField = (props: {
  label: string;
  type: string;
  uid: Uid | undefined;
  choose: (uid: Uid) => void;
  clear?: (() => void) | undefined;
}) => ComponentChildren;

export function ContextFields(props: { attributes: Attribute[]; text: string; entityField: EntityField }) {
  const { attributes, text } = props;
  const [json, setJson] = useState(false);
  const parts = partsOf(text);
  // What no field can show is edited as JSON.
  const asJson = json || parts === undefined || attributes.length === 0;
  const fault = jsonProblem(text);
  const id = useId();
  const others = [...(parts?.keys() ?? [])].filter((name) => !attributes.some((one) => one.name === name));
  const set = (name: string, value: string | undefined) =>
    setAsk({ context: withPart(text, name, value) }, `context/${name}`);
  return (
    <fieldset class="ask-context">
      <legend>
        Context <span class="muted">— what the request itself says</span>
      </legend>
      {attributes.length > 0 && (
        <label class="ask-json-switch">
          <input
            type="checkbox"
            checked={asJson}
            disabled={parts === undefined}
            onChange={(event) => setJson(event.currentTarget.checked)}
          />
          as JSON
        </label>
      )}
      {asJson ? (
        <>
          <textarea
            class="mono"
            aria-label="Context as JSON"
            aria-invalid={fault !== undefined}
            aria-describedby={`${id}-fault`}
            spellcheck={false}
            rows={Math.min(8, Math.max(2, text.split('\n').length))}
            placeholder="{ }"
            value={text}
            onInput={(event) => setAsk({ context: event.currentTarget.value }, 'context')}
          />
          <p class={fault === undefined ? 'ask-remark' : 'ask-remark bad'} id={`${id}-fault`}>
            {fault !== undefined
              ? `✗ ${fault}`
              : attributes.length === 0
                ? 'This action takes no context.'
                : takes(attributes)}
          </p>
        </>
      ) : (
        <>
          {attributes.map((attribute) => (
            <Field
              key={attribute.name}
              attribute={attribute}
              value={parts.get(attribute.name)}
              set={set}
              entityField={props.entityField}
            />
          ))}
          {others.map((name) => (
            <div key={name} class="ask-context-field">
              <span class="mono">{name}</span>
              <span class="ask-remark bad">
                ✗ this action does not take it{' '}
                <button type="button" class="link" onClick={() => set(name, undefined)}>
                  leave it out
                </button>
              </span>
            </div>
          ))}
        </>
      )}
    </fieldset>
  );
}

const takes = (attributes: Attribute[]) =>
  `It takes ${attributes.map(({ name, type, optional }) => `${name}${optional ? '?' : ''}: ${type}`).join(', ')}.`;

function Field(props: {
  attribute: Attribute;
  value: string | undefined;
  set: (name: string, value: string | undefined) => void;
  entityField: EntityField;
}) {
  const { attribute, value, set } = props;
  const { name, type, optional } = attribute;
  const id = useId();
  // What was typed, as long as it is what the value comes from: `a, ` is the same set as `a`.
  const [draft, setDraft] = useState('');
  const text = shown(type, value);
  if (text === undefined) {
    return (
      <div class="ask-context-field">
        <span class="mono">{name}</span>
        <span class="ask-remark">
          <code>{value}</code> — switch to “as JSON” to change it, or{' '}
          <button type="button" class="link" onClick={() => set(name, undefined)}>
            leave it out
          </button>
        </span>
      </div>
    );
  }
  const typed = written(type, draft) === value ? draft : text;
  const fault = value === undefined ? (optional ? undefined : `Missing: ${typeSays(type)}.`) : wrong(type, typed);
  const label = `Context: ${name} (${typeSays(type)}${optional ? ', may be left out' : ''})`;
  if (isEntity(type)) {
    const uid = entityOf(value);
    return (
      <div class="ask-context-field">
        <span class="mono">{name}</span>
        {props.entityField({
          label,
          type,
          uid,
          choose: (chosen) => set(name, entityPart(chosen)),
          clear: () => set(name, undefined),
        })}
        {value !== undefined && uid === undefined && <span class="ask-remark bad">✗ It must be a {type}.</span>}
      </div>
    );
  }
  return (
    <div class="ask-context-field">
      <label class="mono" for={id}>
        {name}
      </label>
      <div class="ask-field">
        {type === 'Bool' ? (
          <select
            id={id}
            aria-label={label}
            value={typed}
            onChange={(event) => set(name, written(type, event.currentTarget.value))}
          >
            <option value="">not given</option>
            <option value="true">true</option>
            <option value="false">false</option>
            {typed !== '' && typed !== 'true' && typed !== 'false' && <option value={typed}>{typed}</option>}
          </select>
        ) : (
          <input
            id={id}
            type="text"
            aria-label={label}
            inputMode={type === 'Long' ? 'numeric' : type === 'decimal' ? 'decimal' : undefined}
            aria-invalid={value !== undefined && fault !== undefined}
            aria-describedby={`${id}-fault`}
            autocomplete="off"
            spellcheck={false}
            placeholder={optional ? `not given — ${typeSays(type)}` : typeSays(type)}
            value={typed}
            onInput={(event) => {
              setDraft(event.currentTarget.value);
              set(name, written(type, event.currentTarget.value));
            }}
          />
        )}
        {fault !== undefined && (
          <p class="ask-remark bad" id={`${id}-fault`}>
            ✗ {fault}
          </p>
        )}
      </div>
    </div>
  );
}
