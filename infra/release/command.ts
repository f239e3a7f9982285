import { Command } from 'commander';
import { isShare, readPlan } from './config.js';
import type { ReleasePlan } from './config.js';
import { find, openRequests, PrometheusGate } from './gate.js';
import { Nginx, ProxyRefused, Traefik } from './proxy.js';
import type { Proxy } from './proxy.js';
import { apply, canary, Refused, rollback, switchOver, writeOnly } from './release.js';
import type { Desk, Ending } from './release.js';
import { Busy, Memory, otherThan, weightsOf } from './standing.js';
import { overview } from './overview.js';

interface Options {
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly until?: string;
  readonly ungated?: boolean;
  readonly filesOnly?: boolean;
}

/** What is said of migrations while two releases run; given by whoever knows the addons. */
type CheckMigrations = (json: boolean) => Promise<void>;

const EXIT_ROLLED_BACK = 1;
const EXIT_REFUSED = 2;
const EXIT_STOPPED = 3;

/** `ofitec release …`: two colours of the application behind a proxy. It needs neither of them to run. */
export function releaseCommand(checkMigrations: CheckMigrations): Command {
  return new Command('release')
    .description(
      'blue and green behind nginx or Traefik; infra/release/README.md names the variables',
    )
    .addCommand(
      verb('status', 'how the release stands; exit 1 when an act was cut short').action(status),
    )
    .addCommand(
      acting('apply', 'tell the proxies what stands; mends what was cut short')
        .option('--files-only', 'only write the files, before the proxies run for the first time')
        .action(acts((desk, { filesOnly }) => (filesOnly ? writeOnly(desk) : apply(desk)))),
    )
    .addCommand(
      acting(
        'canary',
        'give the other colour more and more while gate:healthy says that it serves well',
      )
        .option('--until <percent>', 'share to stop at', '100')
        .action(acts((desk, { until }) => canary(desk, readUntil(until)))),
    )
    .addCommand(
      acting('switch', 'give the other colour everything; demands that gate:healthy is 1')
        .option('--ungated', 'ask only the colour itself whether it is ready')
        .action(acts((desk, { ungated }) => switchOver(desk, ungated !== true))),
    )
    .addCommand(
      acting('rollback', 'give everything back to the colour from before').action(
        acts((desk) => rollback(desk)),
      ),
    )
    .addCommand(
      verb(
        'check',
        'whether what is to be migrated lets the older release go on serving; exit 1 when one is marked wrong or nothing could be asked, 2 when one has to wait',
      ).action(({ json }: Options) => checkMigrations(json === true)),
    );
}

/** What the plan's parts make. */
function deskOf(plan: ReleasePlan, report: (line: string) => void): Desk {
  const proxies: Proxy[] = [
    ...(plan.nginx ? [new Nginx(plan.nginx, plan.places)] : []),
    ...(plan.traefik ? [new Traefik(plan.traefik, plan.places)] : []),
  ];
  return {
    ...{ plan, proxies, report },
    memory: new Memory(plan.folder),
    gate: plan.prometheusUrl ? new PrometheusGate(plan.prometheusUrl) : null,
    find: (colour) => find(plan.places[colour]),
    openRequests: (colour) => openRequests(plan.places[colour], plan.metricsToken),
  };
}

function verb(name: string, description: string): Command {
  return new Command(name).description(description).option('--json', 'print JSON');
}

function acting(name: string, description: string): Command {
  return verb(name, description).option(
    '--dry-run',
    'show how it stands and what the proxies would be told first; change nothing',
  );
}

function readUntil(until = ''): number {
  const percent = Number(until);
  if (!isShare(percent) || percent === 0) throw new Error('--until is a percent from 1 to 100');
  return percent;
}

async function status({ json }: Options): Promise<void> {
  const found = await overview(deskOf(readPlan(process.env), () => undefined));
  print(found.facts, found.lines, json);
  if (found.facts.cutShort) process.exitCode = 1;
}

function acts(act: (desk: Desk, options: Options) => Promise<Ending>) {
  return async (options: Options, command: Command): Promise<void> => {
    const say = options.json ? process.stderr : process.stdout;
    const desk = deskOf(readPlan(process.env), (line) => void say.write(`· ${line}\n`));
    if (options.dryRun) return rehearse(desk, command.name(), options);
    try {
      const ending = await desk.memory.alone(() => act(desk, options));
      printEnding(ending, options.json);
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Busy || error instanceof ProxyRefused)) {
        throw error;
      }
      process.stderr.write(`${error.message}\n`);
      process.exitCode = EXIT_REFUSED;
    }
  };
}

async function rehearse(desk: Desk, name: string, options: Options): Promise<void> {
  const { facts, lines } = await overview(desk);
  const standing = await desk.memory.read();
  const first = desk.plan.steps.find((step) => step > standing.share) ?? 100;
  const isBack = standing.share > 0 ? 0 : standing.previous === null ? 0 : 100;
  const share = { canary: first, switch: 100, rollback: isBack }[name] ?? standing.share;
  const next = { ...standing, share, generation: standing.generation + 1 };
  const files = desk.proxies.map((proxy) => ({
    file: proxy.file,
    text: proxy.text({ weights: weightsOf(next), generation: next.generation }),
  }));
  const written = files.flatMap(({ file, text }) => ['', `Would be written to ${file}:`, text]);
  print({ ...facts, dryRun: name, files }, [...lines, ...written], options.json);
}

function printEnding({ outcome, standing, drained }: Ending, json?: boolean): void {
  const { live, share, previous } = standing;
  const idle = otherThan(live);
  const rest = {
    true: `${idle} has answered everything; it may be stopped once nobody wants to go back`,
    false: `${idle} still has open requests: leave it up`,
    null:
      share > 0
        ? `${idle} has ${share} %`
        : `${idle} does not say whether requests are open: leave it up`,
  }[String(drained)];
  print(
    { outcome, live, share, previous, drained, weights: weightsOf(standing) },
    [`${outcome}: ${live} is live, ${idle} gets ${share} %`, ...(rest ? [rest] : [])],
    json,
  );
  if (outcome === 'stopped') process.exitCode = EXIT_STOPPED;
  // A person who asked for it got it.
  if (outcome === 'rolled back' && process.argv[3] !== 'rollback') {
    process.exitCode = EXIT_ROLLED_BACK;
  }
}

function print(result: unknown, lines: readonly string[], json: boolean | undefined): void {
  process.stdout.write(`${json ? JSON.stringify(result, null, 2) : lines.join('\n')}\n`);
}
