import { hostname, userInfo } from 'node:os';
import { Command } from 'commander';
import { VrrpAgent } from '../vrrp/agent.js';
import { ask } from '../dns/ask.js';
import { answerAlone } from '../dns/audit.js';
import { Blackboard } from './board.js';
import { readGuard } from './config.js';
import type { GuardConfig } from './config.js';
import { serveFigures } from './figures.js';
import { Guard } from './guard.js';
import type { Round } from './guard.js';

interface Options {
  readonly config: string;
  readonly json?: boolean;
  readonly once?: boolean;
  readonly dryRun?: boolean;
  readonly reason?: string;
}

/** `failover guard …`: a primary that cannot commit gives its place away. */
export function guardCommand(stopped: () => AbortSignal): Command {
  return new Command('guard')
    .description('watch that the primary can commit; when it cannot, hand over')
    .addCommand(
      verb('run', 'watch this database host until stopped')
        .option(
          '--once',
          'one look only, act on nothing, and say what the running guard has come to',
        )
        .option('--dry-run', 'say what would be done; report nothing and do nothing')
        .action((options: Options) => run(options, stopped)),
    )
    .addCommand(
      verb('freeze', 'the kill switch: no guard hands over until thawed')
        .requiredOption('--reason <text>', 'why, for who finds it frozen')
        .action(async (options: Options) => {
          const why = `${options.reason} (${userInfo().username}@${hostname()}, ${new Date().toISOString()})`;
          await boardOf(options).freeze(why);
          print({ frozen: why }, [`Frozen: ${why}`], options);
        }),
    )
    .addCommand(
      verb('thaw', 'let the guards hand over again').action(async (options: Options) => {
        await boardOf(options).thaw();
        print({ frozen: null }, ['Thawed: the guards may hand over again'], options);
      }),
    );
}

/** `failover vrrp`: figures of this host’s keepalived. */
export function vrrpCommand(stopped: () => AbortSignal): Command {
  return new Command('vrrp')
    .description('tell what this host’s keepalived does, at /metrics and /status; decides nothing')
    .requiredOption('--vip <address>', 'the virtual address; a mask behind it is ignored')
    .option('--fifo <path>', 'keepalived’s notify pipe', '/run/ofitec-keepalived/notify.fifo')
    .option('--port <port>', 'where it listens', '9465')
    .action(async (options: { vip: string; fifo: string; port: string }) => {
      const agent = new VrrpAgent(options.vip.replace(/\/\d+$/, ''), options.fifo);
      await serveFigures(Number(options.port), () => agent);
      const signal = stopped();
      // A read of a pipe to which nobody writes cannot be called off; there is nothing to finish.
      signal.addEventListener('abort', () => process.exit(0));
      await agent.run(signal);
    });
}

function verb(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--config <file>', 'the guard’s file', '/etc/ofitec/guard.json')
    .option('--json', 'print JSON');
}

async function run(options: Options, stopped: () => AbortSignal): Promise<void> {
  const config = readGuard(options.config);
  if (options.once) return lookOnce(config, options);
  const guard = new Guard(config, options.dryRun === true);
  const server =
    config.metricsPort === null ? null : await serveFigures(config.metricsPort, () => guard);
  await guard.run(stopped());
  server?.closeAllConnections();
  server?.close();
}

/** A look of its own, which has waited for nothing yet, and what the guard that runs here has come to. */
async function lookOnce(config: GuardConfig, options: Options): Promise<void> {
  answerAlone();
  const [own, running] = await Promise.all([new Guard(config, true).round(), runningHere(config)]);
  const said = running
    ? `${running.decision.action}: ${running.decision.reason}`
    : 'does not run, or does not answer';
  const facts = [...linesOf(own), ...linesOfFacts([['the guard here', said]])];
  print({ ...own, running }, facts, options);
  // A commit that is under way would keep the process alive.
  process.exit(0);
}

/** The last round of the guard that runs on this host; null when it does not answer in time. */
async function runningHere({ metricsPort }: GuardConfig): Promise<Round | null> {
  if (metricsPort === null) return null;
  try {
    const { body } = await ask(`http://127.0.0.1:${metricsPort}/status`, { timeoutMs: 2_000 });
    return JSON.parse(body) as Round | null;
  } catch {
    return null;
  }
}

function linesOf({
  member,
  leader,
  syncStandbys,
  self,
  stalledSeconds,
  frozen,
  decision,
}: Round): string[] {
  const facts: readonly (readonly [string, string])[] = [
    ['member', member],
    ['leader', leader ?? 'nobody'],
    ['may take over', syncStandbys.join(', ') || 'nobody'],
    ['this one', self ? `${self.state}, timeline ${self.timeline}, at ${self.position}` : 'its Patroni does not answer'],
    ['writes wait', stalledSeconds > 0 ? `${stalledSeconds.toFixed(1)} s` : 'no'],
    ['kill switch', frozen === null ? 'off' : `ON: ${frozen}`],
    ['so', `${decision.action}: ${decision.reason}`],
  ]; // prettier-ignore
  return linesOfFacts(facts);
}

function linesOfFacts(facts: readonly (readonly [string, string])[]): string[] {
  return facts.map(([name, value]) => `${name.padEnd(16)}${value}`);
}

function boardOf(options: Options): Blackboard {
  return new Blackboard(readGuard(options.config));
}

function print(result: unknown, lines: readonly string[], { json }: Options): void {
  process.stdout.write(`${json ? JSON.stringify(result, null, 2) : lines.join('\n')}\n`);
}
