import { hostname, userInfo } from 'node:os';
import { Command } from 'commander';
import { answerAlone } from './audit.js';
import { readFailover } from './config.js';
import type { Failover } from './config.js';
import { Decider } from './decider.js';
import { guardCommand, vrrpCommand } from '../guard/command.js';
import { Etcd } from './etcd.js';
import { keysOf } from './keys.js';
import { moveByHand } from './manual.js';
import { Observer } from './observer.js';
import { providerOf, zoneOf } from './parts.js';
import { readStatus, statusLines } from './status.js';
import { checkTtl } from './ttl.js';

interface Options {
  readonly json?: boolean;
  readonly once?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly to?: string;
  readonly reason?: string;
}

/** `ofitec failover …`: its programs and what a person does. None of them needs the ERP. */
export function failoverCommand(): Command {
  return new Command('failover')
    .description('move the name to another site when one dies; FAILOVER_CONFIG names its file')
    .addCommand(
      verb('status', 'show sites, observers, decider, name servers and the last change').action(
        async (options: Options) => {
          const status = await readStatus(configured(), zoneOf(configured()));
          print(status, statusLines(status), options);
        },
      ),
    )
    .addCommand(
      verb('observe', 'look at every site and tell the deciders, until stopped')
        .option('--once', 'look once, print it, tell nobody')
        .action(observe),
    )
    .addCommand(
      verb('decide', 'decide and act while holding the lease, until stopped')
        .option('--once', 'one round only')
        .option('--dry-run', 'say what would be done; take no lease and write nothing')
        .action(decide),
    )
    .addCommand(
      verb('act', 'move the name by hand, the first time also; works without etcd')
        .requiredOption('--to <site>', 'the site to move to')
        .requiredOption('--reason <text>', 'why, for the audit line')
        .option('--force', 'although the site is not healthy from here')
        .option('--dry-run', 'say what would be written; write nothing')
        .action(act),
    )
    .addCommand(
      verb('freeze', 'the kill switch: no decider writes until thawed')
        .requiredOption('--reason <text>', 'why, for who finds it frozen')
        .action(freeze),
    )
    .addCommand(verb('thaw', 'let the deciders write again').action(thaw))
    .addCommand(verb('ttl', 'check that no name server lets the name be kept too long').action(ttl))
    .addCommand(guardCommand(untilStopped))
    .addCommand(vrrpCommand(untilStopped));
}

function verb(name: string, description: string): Command {
  return new Command(name).description(description).option('--json', 'print JSON');
}

function configured(): Failover {
  return readFailover(process.env);
}

async function observe(options: Options): Promise<void> {
  const observer = new Observer(configured());
  if (!options.once) return observer.run(untilStopped());
  answerAlone();
  const sightings = await observer.lookAround();
  const lines = sightings.map(
    ({ site, verdict, reason }) => `${site.padEnd(16)}${verdict.padEnd(11)}${reason}`,
  );
  print(sightings, lines, options);
}

async function decide(options: Options): Promise<void> {
  const failover = configured();
  const dryRun = options.dryRun === true;
  const decider = new Decider(failover, providerOf(failover), zoneOf(failover), dryRun);
  if (!options.once) return decider.run(untilStopped());
  answerAlone();
  const round = await decider.round();
  await decider.leave();
  const { decision } = round;
  const said = decision.action === 'flip' ? `move to ${decision.to}` : 'stay';
  print(round, [`${said}: ${decision.reason}`], options);
}

async function act(options: Options): Promise<void> {
  answerAlone();
  const failover = configured();
  const line = await moveByHand(failover, providerOf(failover), zoneOf(failover), {
    to: options.to ?? '',
    reason: options.reason ?? '',
    by: `${userInfo().username}@${hostname()}`,
    force: options.force === true,
    dryRun: options.dryRun === true,
  });
  const missing = line.missingAt.length > 0 ? `; not yet at ${line.missingAt.join(', ')}` : '';
  print(
    line,
    [`${line.outcome}: ${line.record} → ${line.to}, epoch ${line.epoch}${missing}`],
    options,
  );
  if (line.outcome !== 'written' && line.outcome !== 'dry-run') process.exitCode = 1;
}

async function freeze(options: Options): Promise<void> {
  const { etcd, prefix } = configured();
  const by = `${userInfo().username}@${hostname()}`;
  const value = `${options.reason} (${by}, ${new Date().toISOString()})`;
  await new Etcd(etcd).put({ key: keysOf(prefix).frozen, value });
  print({ frozen: value }, [`Frozen: ${value}`], options);
}

async function thaw(options: Options): Promise<void> {
  const { etcd, prefix } = configured();
  await new Etcd(etcd).delete(keysOf(prefix).frozen);
  print({ frozen: null }, ['Thawed: the deciders may write again'], options);
}

async function ttl(options: Options): Promise<void> {
  const failover = configured();
  const report = await checkTtl(zoneOf(failover), failover.ttlSeconds);
  print(report, report.lines, options);
  if (!report.ok) process.exitCode = 1;
}

/** Aborts when the process is told to end, so that it can give its lease back. */
function untilStopped(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => controller.abort());
  }
  return controller.signal;
}

function print(result: unknown, lines: readonly string[], { json }: Options): void {
  process.stdout.write(`${json ? JSON.stringify(result, null, 2) : lines.join('\n')}\n`);
}
