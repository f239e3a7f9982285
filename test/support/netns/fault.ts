import { spawnSync } from 'node:child_process';
import { MEMBERS } from './cluster.js';
import type { MemberName } from './cluster.js';
import type { AppName } from './apps.js';
import type { HaLab } from './lab.js';

export type Heal = () => Promise<void> | void;

/** Something that breaks, how it is mended, and what is promised meanwhile. */
export interface Fault {
  readonly name: string;
  /** Also in the short run of `.ci/run`. */
  readonly quick?: true;
  /**
   * What must be seen: another primary, another holder of the virtual address, service that goes on
   * as it was, or no acknowledgement at all until it is mended.
   */
  readonly expect: 'primary moves' | 'address moves' | 'serves on' | 'writes wait';
  /** How soon the address moves, as promised, in seconds. */
  readonly moveSeconds?: number;
  /** The longest time without an acknowledged payment that is promised, in seconds; null: none. */
  readonly paySeconds: number | null;
  /** How long it lasts where nothing has to move, in seconds. */
  readonly lastsSeconds?: number;
  inject(lab: HaLab): Promise<Heal> | Heal;
}

export function holder(lab: HaLab): AppName {
  const [app = 'app1', ...others] = lab.apps.holders();
  if (others.length > 0) throw new Error('Two hosts hold the address before the fault.');
  return app;
}

export async function primary(lab: HaLab): Promise<MemberName> {
  return lab.cluster.whole();
}

export function othersOf(member: MemberName): MemberName[] {
  return MEMBERS.filter((other) => other !== member);
}

export function from(lab: HaLab, hosts: readonly string[]): string {
  return `ip saddr {${hosts.map((host) => lab.network.addressOf(host)).join(', ')}}`;
}

export function to(lab: HaLab, hosts: readonly string[]): string {
  return `ip daddr {${hosts.map((host) => lab.network.addressOf(host)).join(', ')}}`;
}

export function pull(lab: HaLab, host: string): Heal {
  lab.network.cable(host, 'down');
  return () => lab.network.cable(host, 'up');
}

export function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .map(Number)
    .filter((each) => each > 0);
}
