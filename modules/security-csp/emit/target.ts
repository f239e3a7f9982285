import { headersOf, watchedHeadersOf } from './emission.js';
import type { Emission } from './emission.js';
import { helmetOptions } from './helmet.js';
import { nginxReportOnly, nginxSplit, nginxStrict } from './nginx.js';
import { printTraefik, traefikReportOnly, traefikStrict } from './traefik.js';

/** A file below the folder of the emission; without text it must not be there. */
export interface EmittedFile {
  readonly path: string;
  readonly text: string | null;
}

/** What can send a policy's headers, and the files that make it. */
export const TARGETS = {
  traefik,
  nginx,
  helmet: (emission: Emission): EmittedFile[] => [
    {
      path: 'infra/helmet/security.json',
      text: `${JSON.stringify(helmetOptions(headersOf(emission)), null, 2)}\n`,
    },
  ],
  header: (emission: Emission): EmittedFile[] => [
    {
      path: 'infra/headers/security.txt',
      text: Object.entries(headersOf(emission))
        .flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}\n`]))
        .join(''),
    },
  ],
} as const;
export type Target = keyof typeof TARGETS;

function traefik(emission: Emission): EmittedFile[] {
  const { enforced } = emission;
  return [
    {
      path: 'infra/traefik/dynamic/security_report_only.yml',
      text: printTraefik(traefikReportOnly(watchedHeadersOf(emission)), commentOn(emission)),
    },
    {
      path: 'infra/traefik/dynamic/security.yml',
      text:
        enforced === null
          ? null
          : printTraefik(traefikStrict(headersOf(emission)), commentOn(emission)),
    },
  ];
}

function nginx(emission: Emission): EmittedFile[] {
  const { enforced, percent } = emission;
  const comment = commentOn(emission);
  return [
    {
      path: 'infra/nginx/security_report_only.conf',
      text: nginxReportOnly(watchedHeadersOf(emission), comment),
    },
    {
      path: 'infra/nginx/security.conf',
      text: enforced === null ? null : nginxStrict(emission, comment),
    },
    {
      path: 'infra/nginx/security_split.conf',
      text: enforced === null || percent === 100 ? null : nginxSplit(emission, comment),
    },
  ];
}

function commentOn({ app, enforced, percent, reportOnly }: Emission): string {
  const parts = [
    ...(enforced === null ? [] : [`version ${enforced.version} enforced for ${percent} %`]),
    ...(reportOnly === null ? [] : [`version ${reportOnly.version} watched`]),
  ];
  return `Written by \`ofitec csp emit\` for the app ${app}: ${parts.join(', ')}.\nWhoever edits this by hand loses it with the next one.`;
}
