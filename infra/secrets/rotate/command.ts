import { Command, Argument, Option } from 'commander';
import { readPlan } from '../config.js';
import type { SecretsPlan } from '../config.js';
import { aligned, print } from '../print.js';
import { renderNewest } from '../render/render.js';
import { Kv } from '../vault/kv.js';
import type { Vault } from '../vault/vault.js';
import { withVault } from '../with-vault.js';
import { DbTurn } from './db.js';
import type { Ground } from './document-turn.js';
import { isOver, Journals, SECRETS } from './journal.js';
import { Logins } from './logins.js';
import type { Journal, Kept, SecretName } from './journal.js';
import { ResticTurn } from './restic.js';
import { SessionKeyTurn } from './session-key.js';
import { TokenTurn } from './token.js';
import { abort, begin, resume } from './rotation.js';
import type { Rotation, Rotator } from './rotation.js';

interface Options {
  readonly json?: boolean;
  readonly status?: boolean;
  readonly resume?: boolean;
  readonly abort?: boolean;
  readonly dryRun?: boolean;
}

/** `ofitec secrets rotate …` */
export function rotateCommand(): Command {
  const others = (...names: string[]): string[] => names;
  return new Command('rotate')
    .description('replace a secret without refusing anybody; it can be killed and resumed anywhere')
    .addArgument(new Argument('<secret>', 'what is rotated').choices(SECRETS))
    .addOption(new Option('--status', 'how far a rotation is').conflicts(others('resume', 'abort')))
    .addOption(new Option('--resume', 'go on where it stands').conflicts(others('abort', 'dryRun')))
    .addOption(new Option('--abort', 'take it back, until it is promoted').conflicts('dryRun'))
    .option('--dry-run', 'say what would be done; change nothing')
    .option('--json', 'print JSON')
    .action(rotate);
}

async function rotate(secret: SecretName, options: Options): Promise<void> {
  const plan = readPlan(process.env);
  await withVault(async (vault) => {
    const kv = new Kv(vault);
    if (options.status) return status(kv, secret, options);
    const report = (line: string): void => void process.stderr.write(`${line}\n`);
    const rotation = rotationOf(secret, plan, vault, report);
    if (options.dryRun) return dryRun(rotation, options);
    const rotator: Rotator = { kv, runbook: plan.runbook, report };
    const act = options.abort ? abort : options.resume ? resume : begin;
    const journal = await act(rotation, rotator);
    print(journal, journalLines(journal), options.json);
  });
}

function rotationOf(
  secret: SecretName,
  plan: SecretsPlan,
  vault: Vault,
  report: (line: string) => void,
): Rotation {
  const { rotations } = plan;
  const kv = new Kv(vault);
  const ground: Ground = {
    ...{ kv, path: plan.path, report },
    renderHere: async () => void (await renderNewest(() => kv.get(plan.path), plan.targets)),
  };
  if (secret === 'db' && rotations.db) {
    return new DbTurn(rotations.db, ground, new Logins(rotations.db.adminUrlFile));
  }
  if (secret === 'session-key' && rotations.sessionKey) {
    return new SessionKeyTurn(rotations.sessionKey, ground);
  }
  if (secret === 'restic' && rotations.restic) return new ResticTurn(rotations.restic, ground);
  if (secret === 'token' && rotations.token) return new TokenTurn(rotations.token, vault);
  throw new Error(`SECRETS_CONFIG says nothing of rotate.${secret}.`);
}

async function status(kv: Kv, secret: SecretName, { json }: Options): Promise<void> {
  const kept = await new Journals(kv).read(secret);
  const lines = kept ? journalLines(kept.journal, kept) : [`${secret} was never rotated.`];
  print(kept, lines, json);
}

async function dryRun(rotation: Rotation, { json }: Options): Promise<void> {
  const { from, to } = await rotation.look();
  const steps = rotation.steps.map(({ state, summary }) => ({ state, summary }));
  const lines = aligned(steps.map(({ state, summary }) => [state, summary]));
  print({ from, to, steps }, [`${from} → ${to} would be rotated:`, ...lines], json);
}

function journalLines(journal: Journal, kept?: Kept): string[] {
  const age = kept ? `${Math.round(kept.ageSeconds)} s ago` : 'now';
  return aligned([
    ['rotation', journal.id],
    ['secret', `${journal.secret}: ${journal.from} → ${journal.to}`],
    ['state', `${journal.state}${isOver(journal) ? '' : ', unfinished'}`],
    ['since', `${journal.at} (${age})`],
    ['by', journal.by],
    ...Object.entries(journal.notes).map(([name, value]) => [name, value]),
  ]);
}
