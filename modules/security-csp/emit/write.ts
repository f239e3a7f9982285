import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { contentOf, runLine, writeWhole } from '#kernel';
import type { EmittedFile } from './target.js';

/** Says that files have changed which the server in front has not read yet, also after a crash. */
const UNREAD = join('infra', '.csp-unread');

/**
 * Writes files below a folder where they are not so already, each at once and whole, and removes those
 * without text. With a command, whoever reads the files is told by it once they have changed; while it
 * fails it is tried again with every call.
 *
 * @param reload a line for the shell of the system
 * @returns the paths that changed
 * @throws Error when the command fails
 */
export async function writeFiles(
  folder: string,
  files: readonly EmittedFile[],
  reload: string | null = null,
): Promise<readonly string[]> {
  const changed: EmittedFile[] = [];
  for (const file of files) {
    if ((await contentOf(join(folder, file.path))) !== file.text) changed.push(file);
  }
  const unread = join(folder, UNREAD);
  if (reload !== null && changed.length > 0) await writeWhole(unread, '');
  for (const { path, text } of changed) {
    if (text === null) await rm(join(folder, path), { force: true });
    else await writeWhole(join(folder, path), text);
  }
  if (reload !== null && (await contentOf(unread)) !== null) {
    await runLine(reload);
    await rm(unread, { force: true });
  }
  return changed.map(({ path }) => path);
}
