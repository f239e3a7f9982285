import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { clearOfMidnight, freePort, run, until } from '#test';

/** What every test leans on: that it says when it cannot know, and leaves nothing to the moment it runs at. */
describe('the test harness', () => {
  it.each([
    ['at noon', '2026-11-22T15:00:00Z', 0],
    ['three minutes before midnight in Santiago', '2026-11-23T02:57:00Z', 0],
    ['in the last seconds of a day', '2026-11-23T02:59:57Z', 3_000],
    ['in the last of a year', '2027-01-01T02:58:30Z', 90_000],
    // Clocks go from 23:59 of 5 September 2026 to 01:00 of the 6th.
    ['before a midnight that there is not', '2026-09-06T03:59:30Z', 30_000],
    // And from 23:59 of 4 April 2026 back to 23:00: the day has an hour more.
    ['in the hour that comes twice', '2026-04-05T02:59:30Z', 0],
    ['at its second end', '2026-04-05T03:59:30Z', 30_000],
  ])('begins no file %s before the day is over', async (_, instant, expected) => {
    let now = Date.parse(instant);
    const rest = async (ms: number): Promise<void> => void (now += ms);
    expect(await clearOfMidnight(() => now, rest)).toBe(expected);
  });

  it('has read all that a program said when it has ended, however much that was', async () => {
    const lines = 200_000;
    const program = `process.stdout.write('x\\n'.repeat(${lines})); process.stdout.write('last\\n')`;
    const { code, output } = await run(process.execPath, ['-e', program]).end();
    expect([code, output.length, output.slice(-5)]).toEqual([0, 2 * lines + 5, 'last\n']);
  });

  it('does not wait for what a program leaves behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ofitec-left-'));
    const file = join(folder, 'leave.mjs');
    writeFileSync(
      file,
      `import { spawn } from 'node:child_process';
       spawn('sleep', ['30'], { stdio: ['ignore', 'inherit', 'inherit'], detached: true }).unref();
       console.log('left');`,
    );
    const began = performance.now();
    const { code, output } = await run(process.execPath, [file]).end();
    rmSync(folder, { recursive: true });
    expect([code, output]).toEqual([0, 'left\n']);
    expect(performance.now() - began).toBeLessThan(25_000);
  });

  it('says what it waited for, and why it was not so', async () => {
    const never = until('the moon is blue', () => Promise.reject(new Error('it is grey')), 50);
    await expect(never).rejects.toThrow('the moon is blue: Error: it is grey');
  });

  it('gives a port that nobody is given by chance, and none twice', async () => {
    const ports = await Promise.all(Array.from({ length: 50 }, () => freePort()));
    expect(new Set(ports).size).toBe(50);
    for (const port of ports) expect(port).toBeLessThan(32_768);
    const [one = 0] = ports;
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(one, '127.0.0.1', resolve));
    await new Promise((resolve) => server.close(resolve));
  });
});
