// SPDX-License-Identifier: Apache-2.0
import { Pane } from '../ui/pane.tsx';

export function RulesPane() {
  return (
    <Pane name="rules" heading="What are the rules?">
      <p class="empty">Nothing here yet.</p>
    </Pane>
  );
}
