import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Commands of a page that belong together, and the kind of host that they are for. */
export interface Block {
  readonly host: string;
  readonly text: string;
}

/** Every fenced block of shell commands of a page; a block must say where it is run. */
export function blocksOf(page: string): Block[] {
  const found = [...page.matchAll(/^```bash ?(.*)\n([^]*?)^```$/gm)];
  return found.map(([, host = '', text = '']) => ({ host, text }));
}

/** A page of the repository. */
export function pageOf(path: string): string {
  return readFileSync(path, 'utf8');
}

/** The operator's command, as a script runs it. */
export const OFITEC = `exec ${process.execPath} ${resolve('dist/src/cli.js')} "$@"`;

/** Programs of a person's host that are elsewhere here, by name. @returns their folder */
export function writeShims(
  root: string,
  programs: Readonly<Record<string, readonly string[]>>,
): string {
  const folder = join(root, 'bin');
  mkdirSync(folder, { recursive: true });
  for (const [name, lines] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/bash\n${lines.join('\n')}\n`, { mode: 0o755 });
  }
  return folder;
}
