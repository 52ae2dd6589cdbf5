// SPDX-License-Identifier: Apache-2.0
// One of the panes of the screen: a question as its heading, what belongs to it, and a button that gives it the whole
// screen.
import type { ComponentChildren } from 'preact';
import { enlarged, pane, type PaneName } from '../app/places.ts';

export function Pane(props: {
  name: PaneName;
  /** On a narrow screen the pane is seen while one of these is chosen; its own name where left out. */
  seenAs?: PaneName[];
  heading: string;
  /** Beside the heading: tabs, buttons. */
  tools?: ComponentChildren;
  children: ComponentChildren;
}) {
  const { name, heading } = props;
  const large = enlarged.value === name;
  const seen = (props.seenAs ?? [name]).includes(pane.value);
  return (
    <section class="pane" data-pane={name} data-seen={seen} data-large={large} aria-labelledby={`${name}-heading`}>
      <header class="pane-head">
        <h2 id={`${name}-heading`}>{heading}</h2>
        <div class="pane-tools">{props.tools}</div>
        <button
          type="button"
          class="quiet enlarge"
          aria-pressed={large}
          title={large ? 'Back to all panes' : 'Give this pane the whole screen'}
          aria-label={large ? `Back to all panes from: ${heading}` : `Give the whole screen to: ${heading}`}
          onClick={() => (enlarged.value = large ? undefined : name)}
        >
          <span aria-hidden="true">{large ? '⤡' : '⤢'}</span>
        </button>
      </header>
      <div class="pane-body">{props.children}</div>
    </section>
  );
}
