import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

import type { Command, CommandDefinition, CommandReport, StandaloneCommand } from '#kernel';
import { OWN_APP } from '../app/app.entity.js';
import { lintPolicy } from '../csp/lint.js';
import type { Finding } from '../csp/lint.js';
import { EmitService } from './emit.service.js';
import { TARGETS } from './target.js';
import type { Target } from './target.js';
import { lintTraefik } from './traefik.js';

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
    '--print [yes]': 'yes: print and write nothing',
  },
  async run(app, options) {
    const target = targetOf(options['target']);
    const service = app.get(EmitService, { strict: false });
    const { files, emission, warnings } = await service.emit({
      target,
      app: options['app'] ?? OWN_APP,
      base: baseOf(options['base']),
      secure: !isYes(options['plainHttp']),
    });
    const prints = isYes(options['print']) || target === 'header';
    if (!prints) await service.write(options['out'] ?? '.', files);
    return {
      app: emission.app,
      enforced: emission.enforced?.version ?? null,
      percent: emission.enforced === null ? null : emission.percent,
      reportOnly: emission.reportOnly?.version ?? null,
      ...(prints
        ? {
            text: files
              .map(({ text }) => text ?? '')
              .join('\n')
              .trim(),
          }
        : {
            written: files.filter(({ text }) => text !== null).map(({ path }) => path),
            removed: files.filter(({ text }) => text === null).map(({ path }) => path),
          }),
      warnings: warnings.map(({ en }) => en),
    };
  },
};

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

function isYes(text: string | boolean | undefined): boolean {
  return text === true || text === 'yes' || text === 'true';
}
