// SPDX-License-Identifier: Apache-2.0
// Whether there is room: for what stands side by side where it can, and for what is not worked out while nobody sees
// it.
import { useLayoutEffect, useState } from 'preact/hooks';

/** Whether an element is at least so many pixels wide, now and after each change of its size. */
export function useAtLeast(least: number, root: { current: HTMLElement | null }): boolean {
  const [wide, setWide] = useState(false);
  useLayoutEffect(() => {
    const element = root.current;
    if (element === null) return;
    const look = () => setWide(element.clientWidth >= least);
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, [least]);
  return wide;
}
