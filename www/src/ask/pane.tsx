// SPDX-License-Identifier: Apache-2.0
import { Pane } from '../ui/pane.tsx';

export function AskPane() {
  return (
    <Pane name="ask" heading="What happens?">
      <p class="empty">Nothing here yet.</p>
    </Pane>
  );
}
