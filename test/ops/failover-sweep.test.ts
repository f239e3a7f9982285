import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { netns, run } from '#test';

const PLACE = '/var/cache/ofitec-test';
/** Opens hosts, lets a program run on one of them, mounts something, and waits to be killed. */
const VICTIM = `
  import { spawnSync } from 'node:child_process';
  const { Network } = await import(process.argv[1]);
  const folder = process.argv[2];
  const network = Network.open({ one: '10.78.0.1', two: '10.78.0.2' });
  network.owns(folder);
  spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', folder + '/disk']);
  const program = network.start('one', 'sleep', ['3600']);
  console.log('opened', network.tag, program.pid);
  setInterval(() => {}, 1000);
`;

/** What a killed test leaves behind would be met by the next one, and by whoever uses the machine. */
describe('a lab whose process was killed', () => {
  let folder: string;
  let living: netns.Network;

  beforeAll(() => {
    mkdirSync(PLACE, { recursive: true });
    folder = mkdtempSync(join(PLACE, 'lab-'));
    mkdirSync(join(folder, 'disk'));
    living = netns.Network.open({ here: '10.78.0.3' });
  });

  afterAll(() => living.close());

  it('is swept when the next one opens; one that lives is left alone', async () => {
    const victim = run(process.execPath, [
      ...['--input-type=module', '-e', VICTIM, resolve('dist/test/support/netns/network.js')],
      folder,
    ]);
    const [, tag = '', pid = ''] = await victim.until(/opened (\S+) (\d+)/);
    writeFileSync(join(folder, 'disk', 'file'), 'x');
    await victim.end('SIGKILL');
    const left = (): unknown => ({
      namespaces: namespaces().filter((name) => name.startsWith(tag)).length,
      program: runs(pid),
      folder: existsSync(folder),
    });
    expect(left()).toEqual({ namespaces: 3, program: true, folder: true });
    const mine = living.now('here', 'ip', ['-o', 'addr', 'show', 'dev', 'eth0']);

    netns.Network.open({ next: '10.78.0.4' }).close();

    expect(left()).toEqual({ namespaces: 0, program: false, folder: false });
    expect(living.now('here', 'ip', ['-o', 'addr', 'show', 'dev', 'eth0'])).toBe(mine);
  }, 60_000);

  /** Who was killed and is not yet buried runs no more. */
  function runs(pid: string): boolean {
    const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' });
    return stdout.trim() !== '' && !stdout.startsWith('Z');
  }

  function namespaces(): string[] {
    return spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout.split('\n');
  }
});
