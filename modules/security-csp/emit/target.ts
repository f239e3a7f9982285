import { headersOf, watchedHeadersOf } from './emission.js';
import type { EmittedHeaders, Emission } from './emission.js';
import { helmetModule, helmetOptions } from './helmet.js';
import { nginxReportOnly, nginxSplit, nginxStrict } from './nginx.js';
import { printTraefik, traefikReportOnly, traefikSplit, traefikStrict } from './traefik.js';

/** A file below the folder of the emission; without text it must not be there. */
export interface EmittedFile {
  readonly path: string;
  readonly text: string | null;
}

type Make = (emission: Emission, service: string | null) => EmittedFile[];

/**
 * What can send a policy's headers, and the files that make it, in the order in which they are written:
 * a server that reads them meanwhile finds each name that it looks for.
 */
export const TARGETS = { traefik, nginx, helmet, header } as const satisfies Record<string, Make>;
export type Target = keyof typeof TARGETS;

function traefik(emission: Emission, service: string | null): EmittedFile[] {
  const comment = commentOn(emission);
  const folder = 'infra/traefik/dynamic';
  const split =
    service === null
      ? []
      : [
          {
            path: `${folder}/security_split.yml`,
            text: printTraefik(traefikSplit(emission, service), `${comment}\nNeeds Traefik 3.7.`),
          },
        ];
  const middlewares = [
    {
      path: `${folder}/security_report_only.yml`,
      text: printTraefik(traefikReportOnly(watchedHeadersOf(emission)), comment),
    },
    {
      path: `${folder}/security.yml`,
      text: printTraefik(traefikStrict(headersOf(emission)), comment),
    },
  ];
  return isSplit(emission) ? [...split, ...middlewares] : [...middlewares, ...split];
}

function nginx(emission: Emission): EmittedFile[] {
  const comment = commentOn(emission);
  const split = { path: 'infra/nginx/security_split.conf', text: nginxSplit(emission, comment) };
  const snippets = [
    {
      path: 'infra/nginx/security_report_only.conf',
      text: nginxReportOnly(watchedHeadersOf(emission), comment),
    },
    { path: 'infra/nginx/security.conf', text: nginxStrict(emission, comment) },
  ];
  // The variables are there before anything uses them.
  return isSplit(emission) ? [split, ...snippets] : [...snippets, split];
}

function helmet(emission: Emission): EmittedFile[] {
  const options = helmetOptions(emission);
  return [
    { path: 'infra/helmet/security.mjs', text: helmetModule(emission, commentOn(emission)) },
    {
      path: 'infra/helmet/security.json',
      text: options && `${JSON.stringify(options, null, 2)}\n`,
    },
  ];
}

function header(emission: Emission): EmittedFile[] {
  const others = `# for the other ${100 - emission.percent} of a hundred\n`;
  return [
    { path: 'infra/headers/security.txt', text: headerLines(headersOf(emission)) },
    {
      path: 'infra/headers/security_report_only.txt',
      text: isSplit(emission) ? others + headerLines(watchedHeadersOf(emission)) : null,
    },
  ];
}

function headerLines(headers: EmittedHeaders): string {
  return Object.entries(headers)
    .flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}\n`]))
    .join('');
}

/** Whether only a part of the visitors gets it enforced. */
export function isSplit({ enforced, percent }: Emission): boolean {
  return enforced !== null && percent < 100;
}

function commentOn({ app, enforced, percent, reportOnly }: Emission): string {
  const parts = [
    ...(enforced === null ? [] : [`version ${enforced.version} enforced for ${percent} %`]),
    ...(reportOnly === null ? [] : [`version ${reportOnly.version} watched`]),
  ];
  return `Written by \`ofitec csp emit\` for the app ${app}: ${parts.join(', ')}.\nWhoever edits this by hand loses it with the next one.`;
}
