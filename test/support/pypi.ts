import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from './process.js';

/**
 * Installs a list of `test/ops` from PyPI into a folder of its own, by hash; once per state of the list.
 *
 * @param name of the tool; the list is `test/ops/<name>-requirements.txt`
 * @returns the virtual environment
 * @throws Error with pip's output when that fails: a missing tool is a failure
 */
export async function installFromPyPi(name: string): Promise<string> {
  const requirements = join('test', 'ops', `${name}-requirements.txt`);
  const mark = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = resolve('node_modules', '.cache', `${name}-${mark}`);
  const done = join(folder, 'installed');
  if (!existsSync(done)) {
    rmSync(folder, { recursive: true, force: true });
    const strict = ['--require-hashes', '--only-binary', ':all:', '-r', requirements];
    for (const [command, args] of [
      ['python3', ['-m', 'venv', folder]],
      [join(folder, 'bin', 'pip'), ['install', '--quiet', ...strict]],
    ] as const) {
      const { code, output } = await run(command, args).end();
      if (code !== 0) throw new Error(`${command} ended with ${code}:\n${output}`);
    }
    writeFileSync(done, '');
  }
  return folder;
}
