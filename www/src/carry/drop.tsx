// SPDX-License-Identifier: Apache-2.0
// Files can be dropped anywhere on the page, save where something takes them for itself.
import { useEffect, useState } from 'preact/hooks';
import { problem } from '../ui/notices.tsx';
import { dropped, openFiles } from './open.ts';
import './carry.css';

const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
/** A dialog has places of its own for files, or means something else. */
const inDialog = (event: DragEvent) => event.target instanceof Element && event.target.closest('dialog') !== null;

export function DropZone() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const move = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      // Whoever took it for itself has said so; nobody is to leave the page because a file fell beside its place.
      const taken = event.defaultPrevented || inDialog(event);
      event.preventDefault();
      setOver(!taken);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      setOver(false);
      if (!hasFiles(event)) return;
      const taken = event.defaultPrevented || inDialog(event);
      event.preventDefault();
      if (!taken && event.dataTransfer !== null) dropped(event.dataTransfer).then(openFiles, problem);
    };
    addEventListener('dragover', move);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', move);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, []);
  return over ? (
    <div class="drop">
      <p>
        <strong>Drop to open</strong>
        <br />a pack’s files or folder, a zip of them, a diagram, or a case file
      </p>
    </div>
  ) : null;
}
