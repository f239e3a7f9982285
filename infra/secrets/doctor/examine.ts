import { statSync } from 'node:fs';
import type { SecretsPlan } from '../config.js';
import { isOver, Journals, SECRETS } from '../rotate/journal.js';
import type { Kept, SecretName } from '../rotate/journal.js';
import { secretIdsOf } from '../rotate/token.js';
import { Kv } from '../vault/kv.js';
import { readToken } from '../vault/sign-in.js';
import { readHealth, readLeader } from '../vault/vault.js';
import type { Vault, VaultAddress, VaultHealth } from '../vault/vault.js';
import { VaultFault } from '../vault/vault-fault.js';
import { isStuck } from './stuck.js';

/** One thing that was looked at. */
export interface Finding {
  readonly what: string;
  readonly state: 'good' | 'warning' | 'critical';
  readonly sentence: string;
  /** What is told to whoever is on duty. */
  readonly alert?: { readonly type: 'secret.expiring' | 'rotation.stuck'; readonly key: string };
  /** As Prometheus names it, without the prefix `ofitec_`. */
  readonly metric?: { readonly name: string; readonly value: number; readonly label?: string };
}

const DAY_SECONDS = 86_400;
const ACTIVE = 'active server';
/** Who has less time left is to be replaced now. */
const LEAST_DAYS = 7;
/** Clocks that are further apart make logs lie and codes of authenticator apps fail. */
const MOST_SKEW_SECONDS = 30;

/** Looks at everything that `doctor` may see: names, ages and states, never a value. */
export async function examine(vault: Vault, plan: SecretsPlan): Promise<Finding[]> {
  const health = await examineServers(vault);
  if (health.some(({ what, state }) => what === ACTIVE && state === 'critical'))
    return [...health, ...examineFiles(plan)];
  const looks = [
    () => examineAudit(vault),
    () => examineKeys(vault, plan),
    () => examineToken(vault),
    () => examineSecretIds(vault),
    ...SECRETS.map((secret) => () => examineRotation(vault, plan, secret)),
  ];
  const findings = [...health];
  for (const look of looks) findings.push(...(await look().catch(unseen)));
  return [...findings, ...examineFiles(plan)];
}

async function examineServers(vault: Vault): Promise<Finding[]> {
  const { address } = vault;
  const states = await Promise.all(
    address.urls.map(async (url) => ({ url, ...(await readHealth(address, url)) })),
  );
  const isActive = states.some(({ state }) => state === 'active');
  const findings = states.map(({ url, state, version }): Finding => ({
    what: `server ${new URL(url).host}`,
    state: state === 'active' || state === 'standby' ? 'good' : 'critical',
    sentence: `${state}${version ? `, version ${version}` : ''}`,
    metric: {
      ...{ name: 'vault_up', label: `server="${new URL(url).host}"` },
      value: state === 'active' || state === 'standby' ? 1 : 0,
    },
  }));
  findings.push(...examineClocks(states));
  if (isActive) return findings;
  const standby = states.find(({ state }) => state === 'standby');
  return [...findings, await examineLeader(address, standby?.url ?? null)];
}

/** This host's clock beside Vault's, by which ages are reckoned and codes are judged. */
function examineClocks(states: readonly VaultHealth[]): Finding[] {
  const [at] = states.flatMap((each) => each.at ?? []);
  if (!at) return [];
  const seconds = Math.round((Date.now() - at.getTime()) / 1_000);
  const isOff = Math.abs(seconds) > MOST_SKEW_SECONDS;
  const side = seconds > 0 ? 'ahead of' : 'behind';
  const sentence = isOff
    ? `this host is ${Math.abs(seconds)} s ${side} Vault: set the clock that is wrong (NTP)`
    : 'as Vault’s';
  return [{ what: 'clock', state: isOff ? 'warning' : 'good', sentence }];
}

/** Where only standbys are named: they pass requests on to the active one, if that is there. */
async function examineLeader(address: VaultAddress, standby: string | null): Promise<Finding> {
  const leader = standby === null ? null : await readLeader(address, standby);
  if (leader === null) return { what: ACTIVE, state: 'critical', sentence: 'none' };
  const { host } = new URL(leader);
  const { state } = await readHealth(address, leader);
  return state === 'active'
    ? { what: ACTIVE, state: 'good', sentence: `${host}, which VAULT_ADDR does not name` }
    : { what: ACTIVE, state: 'critical', sentence: `none; ${host} was it, and is ${state}` };
}

async function examineAudit(vault: Vault): Promise<Finding[]> {
  const { data } = await vault.call('sys/audit');
  const names = Object.keys(data).sort();
  const is = names.length > 0;
  return [
    {
      what: 'audit device',
      state: is ? 'good' : 'critical',
      sentence: is ? names.join(', ') : 'none: who read what is written nowhere',
    },
  ];
}

async function examineKeys(vault: Vault, { path, targets }: SecretsPlan): Promise<Finding[]> {
  const wanted = [...(targets.env?.keys ?? []), ...targets.files.map(({ key }) => key)];
  const known = await new Kv(vault).keysOf(path);
  const missing = wanted.filter((key) => !known?.includes(key));
  const sentence = known
    ? missing.length > 0
      ? `Vault has no ${missing.join(', ')}`
      : `all ${wanted.length} are there`
    : `there is nothing at ${path}`;
  return [{ what: 'keys', state: missing.length > 0 ? 'critical' : 'good', sentence }];
}

async function examineToken(vault: Vault): Promise<Finding[]> {
  const { ttlSeconds, renewable } = await readToken(vault);
  // One that programs make for the moment is meant to end soon, and is renewed.
  const isShort = ttlSeconds > 0 && ttlSeconds < LEAST_DAYS * DAY_SECONDS && !renewable;
  const sentence = ttlSeconds === 0 ? 'never ends' : `ends in ${ttlSeconds} s`;
  return [
    {
      what: 'token',
      state: isShort || ttlSeconds === 0 ? 'warning' : 'good',
      sentence: `${sentence}${renewable ? ', renewable' : ''}`,
      // Not "token", which is the host's secret id among what is rotated.
      ...(ttlSeconds > 0 ? { alert: { type: 'secret.expiring', key: 'sign-in' } } : {}),
      metric: { name: 'secrets_token_ttl_seconds', value: ttlSeconds },
    },
  ];
}

async function examineSecretIds(vault: Vault): Promise<Finding[]> {
  const facts = await secretIdsOf(vault, 'auth/approle/role/ofitec-reader');
  return facts.map(({ accessor, secondsLeft }) => {
    const days = secondsLeft === null ? Infinity : secondsLeft / DAY_SECONDS;
    const key = `secret-id ${accessor.slice(0, 8)}`;
    return {
      what: key,
      state: days < LEAST_DAYS ? 'warning' : 'good',
      sentence: secondsLeft === null ? 'never ends' : `ends in ${days.toFixed(1)} days`,
      alert: { type: 'secret.expiring', key },
      metric: {
        ...{ name: 'secrets_secret_id_days', label: `accessor="${accessor.slice(0, 8)}"` },
        value: Number.isFinite(days) ? Number(days.toFixed(2)) : -1,
      },
    };
  });
}

async function examineRotation(
  vault: Vault,
  plan: SecretsPlan,
  secret: SecretName,
): Promise<Finding[]> {
  const { db, restic, token, sessionKey } = plan.rotations;
  if (!{ db, restic, token, 'session-key': sessionKey }[secret]) return [];
  const kept = await new Journals(new Kv(vault)).read(secret);
  const ageDays = await ageOf(vault, plan, kept);
  const isOld = ageDays > plan.maxAgeDays;
  const age: Finding = {
    what: `age of ${secret}`,
    state: isOld ? 'warning' : 'good',
    sentence: `${ageDays.toFixed(1)} days${isOld ? `, more than ${plan.maxAgeDays}: rotate it` : ''}`,
    alert: { type: 'secret.expiring', key: secret },
    metric: {
      ...{ name: 'secrets_age_days', label: `secret="${secret}"` },
      value: Number(ageDays.toFixed(2)),
    },
  };
  return [age, stuckness(secret, kept, isStuck(secret, kept, plan.rotations))];
}

/** Days since its last rotation, or since the document began. By Vault's clock. */
async function ageOf(vault: Vault, plan: SecretsPlan, kept: Kept | null): Promise<number> {
  if (kept?.journal.state === 'LOGGED') return kept.ageSeconds / DAY_SECONDS;
  const answer = await vault.find(plan.path.replace('/data/', '/metadata/'));
  const created = new Date(String(answer?.data['created_time']));
  if (!answer || Number.isNaN(created.getTime())) return 0;
  return ((answer.at ?? new Date()).getTime() - created.getTime()) / DAY_SECONDS / 1_000;
}

function stuckness(secret: SecretName, kept: Kept | null, isStill: boolean): Finding {
  const isUnder = kept !== null && !isOver(kept.journal);
  const state = kept?.journal.state ?? 'never rotated';
  return {
    what: `rotation of ${secret}`,
    state: isStill ? 'critical' : 'good',
    sentence: isUnder
      ? `${state} since ${Math.round(kept.ageSeconds)} s${isStill ? ': --resume, or --abort' : ''}`
      : state,
    alert: { type: 'rotation.stuck', key: secret },
    metric: {
      ...{ name: 'secrets_rotation_unfinished_seconds', label: `secret="${secret}"` },
      value: isUnder ? Math.round(kept.ageSeconds) : 0,
    },
  };
}

/** The files of this host: there, and for nobody else. */
function examineFiles({ targets }: SecretsPlan): Finding[] {
  const files = [
    ...(targets.env ? [targets.env.file] : []),
    ...targets.files.map(({ file }) => file),
  ];
  return files.map((file) => {
    const stat = statSync(file, { throwIfNoEntry: false });
    const isOpen = stat !== undefined && (stat.mode & 0o077) !== 0;
    const sentence = stat
      ? isOpen
        ? 'others may read it'
        : `rendered ${stat.mtime.toISOString()}`
      : 'is not there: render it';
    return { what: file, state: stat && !isOpen ? 'good' : 'critical', sentence };
  });
}

function unseen(error: unknown): Finding[] {
  if (!(error instanceof VaultFault)) throw error;
  return [{ what: 'Vault', state: 'critical', sentence: error.message }];
}
