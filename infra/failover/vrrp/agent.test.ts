import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '#test';
import { VrrpAgent } from './agent.js';

/** A real pipe, as keepalived makes it and removes it when it ends. */
describe('what keepalived notifies', () => {
  let folder: string;
  let stop: AbortController;
  let agent: VrrpAgent;
  let done: Promise<void>;
  const fifo = (): string => join(folder, 'notify.fifo');
  const says = async (state: string): Promise<number> => until(state, () => agent.status.state === state); // prettier-ignore

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-vrrp-'));
    stop = new AbortController();
    agent = new VrrpAgent('192.0.2.1', fifo());
    done = agent.run(stop.signal);
  });

  afterEach(async () => {
    stop.abort();
    await done;
    rmSync(folder, { recursive: true, force: true });
  });

  /** keepalived, which opens its pipe for both ways, makes it and writes. @returns what closes it */
  const keepalived = (state: string): (() => void) => {
    execFileSync('mkfifo', [fifo()]);
    const fd = openSync(fifo(), constants.O_RDWR | constants.O_NONBLOCK);
    writeSync(fd, `INSTANCE "ofitec" ${state} 150\n`);
    return () => closeSync(fd);
  };

  it('is read from a pipe that comes later, and from the next one after a restart', async () => {
    const end = keepalived('MASTER');
    await says('MASTER');
    end();
    // keepalived is started again: its pipe is another one with the same name.
    rmSync(fifo());
    const endNext = keepalived('BACKUP');
    await says('BACKUP');
    endNext();
    expect(agent.figures.find(({ name }) => name.endsWith('transitions_total'))?.values).toHaveLength(2); // prettier-ignore
  });
});
