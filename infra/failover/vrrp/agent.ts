import { constants, existsSync, fstatSync, openSync, statSync } from 'node:fs';
import { Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { log } from '../dns/audit.js';
import type { Figure } from '../guard/figures.js';

/** What keepalived told, and what the network card says. */
export interface VrrpStatus {
  readonly address: string;
  /** Whether the address is on this machine now, whatever keepalived believes. */
  readonly holds: boolean;
  /** keepalived's last word: MASTER, BACKUP, FAULT; null before its first. */
  readonly state: string | null;
  readonly since: string | null;
}

/**
 * Reads what keepalived notifies and tells figures of it. It decides nothing: a notification may come
 * twice, late or from both machines.
 */
export class VrrpAgent {
  private state: string | null = null;
  private since: string | null = null;
  private readonly transitions = new Map<string, number>();

  constructor(
    private readonly address: string,
    private readonly fifo: string,
  ) {}

  get status(): VrrpStatus {
    const cards = Object.values(networkInterfaces()).flat();
    const holds = cards.some((card) => card?.address === this.address);
    return { address: this.address, holds, state: this.state, since: this.since };
  }

  get figures(): Figure[] {
    const { holds, state } = this.status;
    const labels = { address: this.address };
    return [
      {
        ...{
          name: 'failover_vrrp_holds',
          type: 'gauge',
          values: [{ labels, value: Number(holds) }],
        },
        help: 'whether this machine has the virtual address on its network card',
      },
      {
        ...{ name: 'failover_vrrp_state', type: 'gauge', help: '1 for what keepalived says it is' },
        values: state === null ? [] : [{ labels: { ...labels, state }, value: 1 }],
      },
      {
        ...{ name: 'failover_vrrp_transitions_total', type: 'counter', help: 'changes of state' },
        values: [...this.transitions].map(([to, value]) => ({ labels: { ...labels, to }, value })),
      },
    ];
  }

  /** Reads until stopped; keepalived makes the pipe anew when it starts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (existsSync(this.fifo)) await this.read(signal).catch(() => undefined);
      await sleep(500, undefined, { signal }).catch(() => undefined);
    }
  }

  /** A line of keepalived: `INSTANCE "ofitec" MASTER 150`. */
  take(line: string): void {
    const [, state] = /^INSTANCE "[^"]*" (MASTER|BACKUP|FAULT|STOP|DELETED)\b/.exec(line) ?? [];
    if (state === undefined || state === this.state) return;
    log('info', `keepalived says ${state}`, { address: this.address });
    this.state = state;
    this.since = new Date().toISOString();
    this.transitions.set(state, (this.transitions.get(state) ?? 0) + 1);
  }

  private async read(signal: AbortSignal): Promise<void> {
    // Not blocking: a blocked read of a pipe to which nobody writes would keep the process from ending.
    const fd = openSync(this.fifo, constants.O_RDWR | constants.O_NONBLOCK);
    const pipe = new Socket({ fd, readable: true, writable: false });
    const lines = createInterface({ input: pipe });
    // A pipe that is destroyed ends no reading of lines by itself.
    const stop = (): void => {
      lines.close();
      pipe.destroy();
    };
    signal.addEventListener('abort', stop);
    // Opened for writing too, it never ends by itself, not even when keepalived has removed it and made another.
    const { ino } = fstatSync(fd);
    const watch = setInterval(() => {
      if (statSync(this.fifo, { throwIfNoEntry: false })?.ino !== ino) stop();
    }, 500);
    try {
      for await (const line of lines) this.take(line);
    } finally {
      clearInterval(watch);
      signal.removeEventListener('abort', stop);
    }
  }
}
