// SPDX-License-Identifier: Apache-2.0
// The pane “What happens?”: a question, the verdict, why, and what would change it; then the graph and every step.
import './ask.css';
import { useEffect } from 'preact/hooks';
import { Pane } from '../ui/pane.tsx';
import { Form, Recent } from './form.tsx';
import { GraphView } from './graph.tsx';
import { Repairs } from './repairs.tsx';
import { connectAsk, explanation, outdated } from './state.ts';
import { Steps } from './steps.tsx';
import { Keep, KeepButton, Verdict } from './verdict.tsx';
import { Near, Reasons } from './why.tsx';

export function AskPane() {
  useEffect(connectAsk, []);
  const of = explanation.value;
  return (
    <Pane name="ask" heading="What happens?" tools={
        <div class="ask-tools">
          <Recent />
          <KeepButton />
        </div>
      }>
      <div class="ask">
        <Form />
        <div class="ask-top">
          <Verdict />
        </div>
        <Keep />
        {of !== undefined && (
          // What is of the question before stays until the new one is there, pale: nothing jumps to the top and back.
          <div class="ask-parts" data-outdated={outdated.value} aria-busy={outdated.value}>
            <Reasons of={of} />
            <Repairs of={of} />
            <Near of={of} />
            <GraphView of={of.graph} />
            <Steps of={of} />
          </div>
        )}
      </div>
    </Pane>
  );
}
