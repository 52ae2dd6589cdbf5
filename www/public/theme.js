// SPDX-License-Identifier: Apache-2.0
// Before anything is drawn: whether the page is dark. All else of it is in src/app/settings.ts.
(function () {
  var theme = null;
  try {
    theme = localStorage.getItem('palisade.theme');
  } catch {
    // A browser that keeps nothing: as the system has it.
  }
  var dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
