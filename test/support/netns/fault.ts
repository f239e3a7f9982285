import { spawnSync } from 'node:child_process';
import { MEMBERS } from './cluster.js';
import type { MemberName } from './cluster.js';
import type { AppName } from './apps.js';
import type { HaLab } from './lab.js';

/** Mends it. @returns for what had to wait until then: milliseconds until it had moved */
export type Heal = () => Promise<number | void> | number | void;

/** A fault before which something else had to be so: its time begins where it was broken, not where that began. */
export interface Broken {
  readonly heal: Heal;
  /** When breaking it began. */
  readonly since: number;
}

/** Something that breaks, how it is mended, and what is promised meanwhile. */
export interface Fault {
  readonly name: string;
  /** Also in the short run of `.ci/run`. */
  readonly quick?: true;
  /**
   * What must be seen: another primary, another holder of the virtual address, the name at the other site, service
   * that goes on as it was, no acknowledgement by any database, or no payment until it is mended.
   */
  readonly expect:
    | 'primary moves'
    | 'address moves'
    | 'name moves'
    | 'serves on'
    | 'writes wait'
    | 'payments wait';
  /** How often deciders move the name, also while it is mended; never unless told. */
  readonly flips?: number;
  /** Whether the same primary may lead again by itself, on a new timeline, where nobody could take over at that instant. */
  readonly mayReturn?: true;
  /** Whether the same primary leads all the while, on the same timeline. */
  readonly stays?: true;
  /** How soon the address moves, as promised, in seconds. */
  readonly moveSeconds?: number;
  /** The longest time without an acknowledged payment that is promised, in seconds; null: none. */
  readonly paySeconds: number | null;
  /** How long it lasts where nothing has to move, in seconds. */
  readonly lastsSeconds?: number;
  inject(lab: HaLab): Promise<Heal | Broken> | Heal;
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
