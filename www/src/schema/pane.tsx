// SPDX-License-Identifier: Apache-2.0
import { Pane } from '../ui/pane.tsx';

export function SchemaPane() {
  return (
    <Pane name="schema" heading="What does my schema say?">
      <p class="empty">Nothing here yet.</p>
    </Pane>
  );
}
