import { readFileSync } from 'node:fs';
import { Fields } from '../dns/fields.js';
import { Misconfigured } from '../dns/config.js';
import type { EtcdOptions } from '../dns/etcd.js';

export interface GuardConfig {
  /** This host's member, and all of them. */
  readonly member: string;
  readonly members: readonly string[];
  /** Where Patroni keeps the cluster: its namespace and scope. */
  readonly cluster: string;
  /** Where the guards keep what they tell each other. */
  readonly prefix: string;
  readonly etcd: EtcdOptions;
  /** This member's Patroni, with who may switch it over. */
  readonly patroniUrl: string;
  readonly patroniPassword: string;
  /** This host's own PostgreSQL. */
  readonly databaseUrl: string;
  /** Commands that stop and start this host's Patroni. */
  readonly stepDown: readonly string[];
  readonly resume: readonly string[];
  /** Exists from stepping down until Patroni was started again. */
  readonly stateFile: string;
  readonly auditFile: string | null;
  readonly metricsPort: number | null;
  readonly policy: GuardPolicy;
}

interface GuardPolicy {
  readonly lookEveryMs: number;
  /** How long writes wait before the primary gives its place away. */
  readonly stallSeconds: number;
  /** How long after that nobody does it again. */
  readonly holdDownSeconds: number;
  readonly stopSeconds: number;
  readonly promoteSeconds: number;
  /** How long a standby may be out of step before it is copied anew; 0: a person does it. */
  readonly reseedSeconds: number;
}

/** @throws Misconfigured with every fault of the file */
export function readGuard(path: string): GuardConfig {
  const file = new Fields(parse(path), '');
  const policy = file.one('policy');
  const etcd = file.one('etcd');
  const number = (name: string, min: number, max: number, fallback: number): number =>
    policy.integer(name, { min, max, fallback });
  const members = file.texts('members');
  const result: GuardConfig = {
    ...{ member: file.text('member'), members },
    ...{ cluster: file.text('cluster'), prefix: file.text('prefix', '/ofitec/guard') },
    etcd: { endpoints: etcd.urls('endpoints'), timeoutMs: 2_000 },
    ...{ patroniUrl: file.url('patroniUrl'), patroniPassword: file.text('patroniPassword') },
    databaseUrl: file.text('databaseUrl'),
    ...{ stepDown: file.texts('stepDown'), resume: file.texts('resume') },
    stateFile: file.text('stateFile', '/var/lib/ofitec-guard/stepped-down'),
    auditFile: file.text('auditFile', '-'),
    metricsPort: file.integer('metricsPort', { min: 0, max: 65_535, fallback: 9466 }),
    policy: {
      lookEveryMs: number('lookEveryMs', 200, 10_000, 1_000),
      stallSeconds: number('stallSeconds', 5, 600, 15),
      holdDownSeconds: number('holdDownSeconds', 1, 86_400, 600),
      stopSeconds: number('stopSeconds', 5, 300, 60),
      promoteSeconds: number('promoteSeconds', 5, 300, 30),
      reseedSeconds: number('reseedSeconds', 0, 86_400, 180),
    },
  };
  if (members.length < 3) file.fault('members', 'must name three or more');
  if (!members.includes(result.member)) file.fault('member', 'must be one of the members');
  file.demandNothingElse();
  if (file.faults.length > 0) throw new Misconfigured(file.faults);
  const isNone = result.auditFile === '-';
  return { ...result, ...(isNone ? { auditFile: null } : {}), ...(result.metricsPort === 0 ? { metricsPort: null } : {}) }; // prettier-ignore
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown;
  } catch (error) {
    throw new Misconfigured([`${path} cannot be read: ${(error as Error).message}`]);
  }
}
