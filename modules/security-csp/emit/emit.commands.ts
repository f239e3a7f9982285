import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';

import type { Command, CommandDefinition, CommandReport, StandaloneCommand } from '#kernel';
import { OWN_APP } from '../app/app.entity.js';
import { lintPolicy } from '../csp/lint.js';
import type { Finding } from '../csp/lint.js';
import { EmitService } from './emit.service.js';
import type { EmitOptions } from './emit.service.js';
import { TARGETS } from './target.js';
import type { EmittedFile, Target } from './target.js';
import { lintTraefik } from './traefik.js';
import { writeFiles } from './write.js';

const WATCH_SECONDS = 5;

type Options = Readonly<Record<string, string | undefined>>;

/** From the approved policies to the files of the servers in front. */
const emit: CommandDefinition = {
  name: 'emit',
  summary:
    'write the approved policies of an app as files for Traefik, nginx, helmet, or as headers',
  options: {
    '--target <target>': 'traefik, nginx, helmet or header',
    '--app [slug]': `whose; default ${OWN_APP}, the installation's own pages`,
    '--out [folder]': 'folder below which infra/… is written (default: the working directory)',
    '--base [url]': 'address of the collector, https://erp.example; default: the pages’ own origin',
    '--plain-http [yes]':
      'yes: for pages without https, as in development; only report-uri is sent',
    '--service [name]':
      'for Traefik: the service that answers, erp or erp@docker; visitors are shared out before it',
    '--reload [command]':
      'run once files have changed, and again while it fails: "nginx -t && nginx -s reload"',
    '--watch [seconds]':
      'keep on, looking every so many seconds (5), until it is told to end; writes what changed',
    '--print [yes]': 'yes: print and write nothing; as --target header does without --out',
  },
  async run(app, options) {
    const service = app.get(EmitService, { strict: false });
    const order = orderOf(options);
    const seconds = secondsOf(options['watch']);
    return seconds === null ? emitOnce(service, order) : keepEmitting(service, order, seconds);
  },
};

/** What an operator wants written, and where. */
interface Order extends EmitOptions {
  readonly folder: string;
  readonly reload: string | null;
  readonly prints: boolean;
}

function orderOf(options: Options): Order {
  const target = targetOf(options['target']);
  return {
    target,
    app: options['app'] ?? OWN_APP,
    base: baseOf(options['base']),
    secure: !isYes(options['plainHttp']),
    service: serviceOf(options['service']),
    folder: options['out'] ?? '.',
    reload: options['reload'] ?? null,
    prints: isYes(options['print']) || (target === 'header' && options['out'] === undefined),
  };
}

async function emitOnce(service: EmitService, order: Order): Promise<Record<string, unknown>> {
  const { files, emission, warnings } = await service.emit(order);
  const changed = order.prints ? [] : await writeFiles(order.folder, files, order.reload);
  return {
    app: emission.app,
    enforced: emission.enforced?.version ?? null,
    percent: emission.enforced === null ? null : emission.percent,
    reportOnly: emission.reportOnly?.version ?? null,
    ...(order.prints
      ? { text: printed(files) }
      : {
          written: files.filter(({ text }) => text !== null).map(({ path }) => path),
          removed: files.filter(({ text }) => text === null).map(({ path }) => path),
          changed,
        }),
    warnings: warnings.map(({ en }) => en),
  };
}

/**
 * Emits again and again until the process is asked to end. Whatever goes wrong is said once on standard
 * error, and the files stay as they are until it goes well again.
 */
async function keepEmitting(
  service: EmitService,
  order: Order,
  seconds: number,
): Promise<Record<string, unknown>> {
  const ending = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort());
  const counts = { turns: 0, changes: 0, failures: 0 };
  let trouble = '';
  while (!ending.signal.aborted) {
    counts.turns += 1;
    try {
      const { files } = await service.emit(order);
      const changed = await writeFiles(order.folder, files, order.reload);
      counts.changes += changed.length;
      if (trouble !== '') say('it goes well again');
      trouble = '';
      for (const path of changed) say(`changed ${path}`);
    } catch (error) {
      counts.failures += 1;
      const found = error instanceof Error ? error.message : String(error);
      if (found !== trouble) say(`failed, and the files stay: ${found}`);
      trouble = found;
    }
    await sleep(seconds * 1_000, undefined, { signal: ending.signal }).catch(() => undefined);
  }
  return { app: order.app, ...counts };
}

function say(text: string): void {
  process.stderr.write(`${new Date().toISOString()} csp emit: ${text}\n`);
}

function printed(files: readonly EmittedFile[]): string {
  return files
    .map(({ text }) => text ?? '')
    .join('\n')
    .trim();
}

/** Looks at a file before a server does; works without a database. */
const lint: StandaloneCommand = {
  name: 'lint',
  summary: 'what in a file of Traefik, or in a policy, would silence reports; exit 1 for an error',
  options: { '--file <file>': 'a file of Traefik’s file provider (.yml), or the text of a policy' },
  failureExitCode: 2,
  runAlone(_desk, options): Promise<CommandReport> {
    const file = options['file'] ?? '';
    const text = readFileSync(file, 'utf8');
    const findings = /\.ya?ml$/.test(file) ? lintTraefik(parse(text)) : lintPolicy(text.trim());
    const hasErrors = findings.some(({ severity }) => severity === 'error');
    return Promise.resolve({
      exitCode: hasErrors ? 1 : 0,
      lines: findings.length === 0 ? ['nothing is wrong'] : findings.map(line),
      json: findings,
    });
  },
};

export const emitCommands: readonly Command[] = [emit, lint];

function line({ severity, code, en }: Finding): string {
  return `${severity.padEnd(7)}  ${code.padEnd(26)}  ${en}`;
}

function targetOf(text: string | undefined): Target {
  const names = Object.keys(TARGETS) as Target[];
  const found = names.find((name) => name === text);
  if (!found) throw new Error(`--target is one of ${names.join(', ')}`);
  return found;
}

function baseOf(text: string | undefined): string {
  if (text === undefined) return '';
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new Error('--base is an address such as https://erp.example');
  }
  return text.replace(/\/+$/, '');
}

function serviceOf(text: string | boolean | undefined): string | null {
  if (text === undefined) return null;
  if (typeof text === 'string' && /^[\w.-]+(@[\w-]+)?$/.test(text)) return text;
  throw new Error('--service is the name of a service of Traefik, such as erp or erp@docker');
}

/** @returns null without the option, which may stand without a number */
function secondsOf(text: string | boolean | undefined): number | null {
  if (text === undefined) return null;
  const seconds = text === true ? WATCH_SECONDS : Number(text);
  if (seconds >= 1 && seconds <= 3_600) return seconds;
  throw new Error('--watch is a number of seconds, from 1 to 3600');
}

function isYes(text: string | boolean | undefined): boolean {
  return text === true || text === 'yes' || text === 'true';
}
