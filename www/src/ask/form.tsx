// SPDX-License-Identifier: Apache-2.0
// The question, as a sentence that one fills in: May … do … with …? And under which circumstances: the instant, the
// context.
import { useEffect, useId, useMemo, useState } from 'preact/hooks';
import { contextOf, literal } from '../case/case.ts';
import { change, current, setAsk } from '../case/store.ts';
import { results } from '../engine/engine.ts';
import type { Uid } from '../engine/shapes.ts';
import { Menu } from '../ui/parts.tsx';
import { Combobox } from './combobox.tsx';
import { ContextFields } from './contextfields.tsx';
import { actionOptions, applies, entityOptions, freeOptions, type Indexed, typesFor } from './options.ts';
import { Said } from './said.tsx';
import { calledOf, complete, entities, knownOf, model, nameOf, problem, recent } from './state.ts';
import { instantField, instantTyped } from './words.ts';

export function Form() {
  const { ask, at } = current.value;
  const [open, setOpen] = useState(false);
  const types = model.value?.types ?? [];
  const all = entities.value;
  const principals = useMemo(() => typesFor(types, 'principal', all), [types, all]);
  const resources = useMemo(() => typesFor(types, 'resource', all), [types, all]);
  const actions = useMemo(
    () => actionOptions(model.value?.actions ?? [], results.rows.value?.actions ?? [], ask.resource.type),
    [model.value, results.rows.value, ask.resource.type],
  );
  const takes = model.value?.actions.find(({ id }) => id === ask.action);
  // What may all be left out takes no room until it is wanted.
  const [wantsContext, setWantsContext] = useState(false);
  useEffect(() => setWantsContext(false), [ask.action]);
  const attributes = takes?.context ?? [];
  const withContext = attributes.some(({ optional }) => !optional) || ask.context.trim() !== '' || wantsContext;
  const whole = complete(ask);
  const why = problem.value;
  const odd = whole && !applies(takes, ask.resource.type);
  return (
    <div class="ask-question">
      <button
        type="button"
        class="ask-fold"
        aria-expanded={open}
        aria-controls="ask-form"
        onClick={() => setOpen(!open)}
      >
        <span class="ask-fold-text">
          {whole ? `${nameOf(ask.principal)} · ${ask.action} · ${nameOf(ask.resource)}` : 'No question yet'}
        </span>
        <span class="ask-fold-act">{open ? 'done' : 'change'}</span>
      </button>
      <form
        id="ask-form"
        class="ask-form"
        data-open={open || !whole || contextOf(ask.context) === undefined}
        aria-label="The question"
        onSubmit={(event) => event.preventDefault()}
      >
        <div class="ask-sentence">
          <span class="ask-word" aria-hidden="true">
            May
          </span>
          <EntityField
            label="Who asks (principal)"
            uid={ask.principal}
            types={principals}
            choose={(principal) => setAsk({ principal })}
            placeholder="who?"
          />
          <span class="ask-word" aria-hidden="true">
            do
          </span>
          <div class="ask-field">
            <Combobox
              label="What they want to do (action)"
              text={ask.action}
              chosen={ask.action}
              options={actions}
              others={(typed) => {
                const id = typed.trim();
                const there = id === '' || actions.some(({ key }) => key === id);
                const detail = 'ask about it all the same';
                return there
                  ? []
                  : [{ key: id, group: 'Not among the actions', label: id, detail, text: id, value: id }];
              }}
              choose={(action) => setAsk({ action })}
              placeholder="what?"
              describedBy={odd ? 'ask-odd' : undefined}
            />
            {odd && (
              <p class="ask-remark" id="ask-odd">
                ! Not an action on {ask.resource.type}: nothing can allow it.
              </p>
            )}
          </div>
          <span class="ask-word" aria-hidden="true">
            with
          </span>
          <EntityField
            label="With what (resource)"
            uid={ask.resource}
            types={resources}
            choose={(resource) => setAsk({ resource })}
            placeholder="which?"
          />
        </div>
        <div class="ask-circumstances">
          <Instant at={at} />
          {!withContext && attributes.length > 0 && (
            <button
              type="button"
              class="quiet"
              onClick={() => setWantsContext(true)}
              title={`What the request itself says: ${attributes.map(({ name }) => name).join(', ')}`}
            >
              + Context
            </button>
          )}
        </div>
        {withContext && <ContextFields attributes={attributes} text={ask.context} entityField={contextEntity} />}
      </form>
      {why !== undefined && why !== '' && (
        <p class="ask-problem" role="alert">
          ✗ <Said text={why} />
        </p>
      )}
    </div>
  );
}

const contextEntity = (props: {
  label: string;
  type: string;
  uid: Uid | undefined;
  choose: (uid: Uid) => void;
  clear?: (() => void) | undefined;
}) => (
  <EntityField
    label={props.label}
    uid={props.uid ?? { type: '', id: '' }}
    types={[props.type]}
    choose={props.choose}
    clear={props.clear}
    placeholder="not given"
  />
);

function EntityField(props: {
  label: string;
  uid: Uid;
  types: string[];
  choose: (uid: Uid) => void;
  clear?: (() => void) | undefined;
  placeholder: string;
}) {
  const { label, uid, types, choose, clear, placeholder } = props;
  const all = entities.value;
  const remark = useId();
  const names = types.join('\n');
  const options: Indexed<Uid>[] = useMemo(() => entityOptions(all, types), [all, names]);
  const known = useMemo(() => new Set(options.map(({ key }) => key)), [options]);
  const table = model.value?.types.find(({ name }) => name === uid.type);
  // Without rows, or before they are read, nothing can be said about an id.
  const stranger = uid.type !== '' && results.rows.value !== undefined && knownOf(uid) === undefined;
  return (
    <div class="ask-field">
      <Combobox
        label={label}
        text={calledOf(uid)}
        chosen={uid.type === '' ? '' : literal(uid)}
        options={options}
        others={(typed) => freeOptions(typed, types, known)}
        choose={choose}
        clear={clear}
        placeholder={placeholder}
        describedBy={stranger ? remark : undefined}
      />
      {stranger && (
        <p class="ask-remark" id={remark}>
          {table === undefined
            ? `! There is no type ${uid.type} in the model.`
            : table.table === null
              ? `${uid.type} comes from outside the database: no row says more about this one.`
              : `! No row of ${table.table} has this id.`}
        </p>
      )}
    </div>
  );
}

/** When it is asked: now, or an instant that one sets, to see what has expired by then. */
function Instant({ at }: { at: string }) {
  const set = (value: string) => change({ at: value }, 'change the instant', 'at');
  const field = instantField(at);
  const now = () => `${new Date().toISOString().slice(0, 16)}:00Z`;
  return (
    <div class="ask-instant" role="group" aria-label="When">
      <span class="muted" aria-hidden="true">
        at
      </span>
      <label>
        <input
          type="checkbox"
          checked={at === ''}
          onChange={(event) => set(event.currentTarget.checked ? '' : now())}
        />
        now
      </label>
      {at !== '' && (
        <input
          type="datetime-local"
          aria-label="At this instant, in UTC"
          title="Decisions are made as of this instant, in UTC: what expires before has no say"
          value={field ?? ''}
          aria-invalid={field === undefined}
          onInput={(event) => {
            const typed = instantTyped(event.currentTarget.value);
            if (typed !== undefined) set(typed);
          }}
        />
      )}
      {at !== '' && <span class="muted">UTC</span>}
      {at !== '' && field === undefined && <span class="bad">✗ “{at}” is no instant</span>}
    </div>
  );
}

/** Questions that were asked before, in the head of the pane. */
export function Recent() {
  const now = current.value.ask;
  const others = recent.value.filter((one) => one !== now && (knownOf(one.principal) ?? knownOf(one.resource)) !== undefined);
  if (others.length === 0) return null;
  return (
    <Menu
      class="ask-recent"
      label="Recent"
      title="Questions that you asked before"
      items={others.map((one) => ({
        label: `${nameOf(one.principal)} · ${one.action} · ${nameOf(one.resource)}`,
        hint: one.context.trim() === '' ? `${literal(one.principal)}, ${literal(one.resource)}` : one.context,
        act: () => setAsk(one),
      }))}
    />
  );
}
