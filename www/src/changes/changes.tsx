// SPDX-License-Identifier: Apache-2.0
export function ChangesView() {
  return <p class="empty">Nothing here yet.</p>;
}
