import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { postgresOf, READY, run, signIn } from '#test';
import type { Program } from '#test';

/** Debian's www-data: any user with a line in /etc/passwd will do. */
const SOMEBODY = 33;
const PASSWORD = 'clave de la copia limpia';

/** `git clone`, `npm start`, and nothing else. */
describe('a clean clone', () => {
  let parent: string;
  let checkout: string;

  beforeAll(() => {
    parent = mkdtempSync(join(tmpdir(), 'ofitec-clone-'));
    checkout = join(parent, 'ofitec');
    expect(sh('git', ['clone', '--quiet', '--no-hardlinks', '.', checkout])).toBe('');
    chmodSync(parent, 0o700);
  });

  afterAll(() => rmSync(parent, { recursive: true, force: true }));

  function sh(command: string, args: string[]): string {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    return status === 0 ? '' : `${command} ended with ${status}: ${stderr}`;
  }

  function npmStart(options: { uid?: number; gid?: number } = {}): Program {
    const env = {
      PORT: '0',
      OFITEC_DEMO_PASSWORD: PASSWORD,
      ...(options.uid ? { HOME: parent } : {}),
    };
    return run('npm', ['start'], { cwd: checkout, env, ...options });
  }

  async function ready(program: Program): Promise<string> {
    const found = await program.until(READY, 300_000);
    const url = found[1]?.replace('localhost', '127.0.0.1') ?? '';
    await signIn(url, 'vendedora', PASSWORD);
    return url;
  }

  async function goneWithin(url: string, seconds: number): Promise<boolean> {
    for (let tries = 0; tries < seconds * 10; tries += 1) {
      const answers = await fetch(`${url}/health/live`).then(
        () => true,
        () => false,
      );
      if (!answers && postgresOf(join(checkout, '.ofitec')) === null) return true;
      await sleep(100);
    }
    return false;
  }

  it('installs, builds and starts as root where only root may enter; SIGTERM to npm ends all of it', async () => {
    expect(process.getuid?.()).toBe(0);
    const npm = npmStart();
    const url = await ready(npm);
    expect(npm.output).toContain('Installing packages');
    expect(npm.output).toContain('Building');
    expect(npm.output).toContain('payments: applies');
    expect(npm.output).not.toContain('EBADENGINE');
    await npm.end('SIGTERM');
    expect(await goneWithin(url, 60)).toBe(true);
  }, 400_000);

  it('starts again without installing or building, and ends when npm is killed', async () => {
    const npm = npmStart();
    const url = await ready(npm);
    expect(npm.output).not.toMatch(/Installing|Building|applies/);
    await npm.end('SIGKILL');
    expect(await goneWithin(url, 60)).toBe(true);
  }, 400_000);

  it('starts as an ordinary user', async () => {
    rmSync(join(checkout, '.ofitec'), { recursive: true });
    expect(sh('chown', ['-R', `${SOMEBODY}:${SOMEBODY}`, parent])).toBe('');
    const npm = npmStart({ uid: SOMEBODY, gid: SOMEBODY });
    const url = await ready(npm);
    await npm.end('SIGTERM');
    expect(await goneWithin(url, 60)).toBe(true);
  }, 400_000);

  it('leaves the checkout as git knows it', () => {
    const { stdout } = spawnSync('git', ['-c', 'safe.directory=*', 'status', '--porcelain'], {
      cwd: checkout,
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
  });
});
