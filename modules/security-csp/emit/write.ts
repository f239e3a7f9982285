import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { EmittedFile } from './target.js';

const RELOAD_MS = 60_000;

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
  if (reload !== null && changed.length > 0) await write(unread, '');
  for (const { path, text } of changed) {
    if (text === null) await rm(join(folder, path), { force: true });
    else await write(join(folder, path), text);
  }
  if (reload !== null && (await contentOf(unread)) !== null) {
    await run(reload);
    await rm(unread, { force: true });
  }
  return changed.map(({ path }) => path);
}

/** The text of a file, or null where there is none. */
async function contentOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.new`;
  await writeFile(draft, text);
  await rename(draft, path);
}

function run(line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile('/bin/sh', ['-c', line], { timeout: RELOAD_MS }, (error, stdout, stderr) => {
      if (error === null) return resolve();
      const said = `${stdout}${stderr}`.trim().slice(0, 2_000);
      return reject(new Error(`${line}: ${said || error.message}`));
    });
  });
}
