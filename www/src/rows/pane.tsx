// SPDX-License-Identifier: Apache-2.0
import { Pane } from '../ui/pane.tsx';

export function RowsPane() {
  return (
    <Pane name="rows" heading="Who and what?">
      <p class="empty">Nothing here yet.</p>
    </Pane>
  );
}
