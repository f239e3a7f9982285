import type { EmittedHeaders, Emission } from './emission.js';
import { headersOf, watchedHeadersOf } from './emission.js';

/** A header as nginx sends it with every answer, errors too. */
function addHeader(name: string, value: string | null): string[] {
  return value === null ? [] : [`add_header ${name} ${quoted(value)} always;`];
}

/** The snippet that only watches, to include in a `server` or `location`. */
export function nginxReportOnly(headers: EmittedHeaders, comment: string): string {
  const names = ['Content-Security-Policy-Report-Only', 'Reporting-Endpoints'] as const;
  return lines(
    comment,
    names.flatMap((name) => addHeader(name, headers[name])),
  );
}

/**
 * The snippet that enforces, to include in a `server` or `location`. While nothing is enforced it is there
 * and only watches: nginx does not load a configuration that includes what is gone.
 */
export function nginxStrict(emission: Emission, comment: string): string {
  const headers = headersOf(emission);
  const names = ['Content-Security-Policy', 'Content-Security-Policy-Report-Only'] as const;
  const isWhole = emission.enforced === null || emission.percent === 100;
  const policies = isWhole
    ? names.flatMap((name) => addHeader(name, headers[name]))
    : names.map((name, index) => `add_header ${name} ${VARIABLES[index]} always;`);
  return lines(comment, [
    ...policies,
    ...(isWhole
      ? addHeader('Reporting-Endpoints', headers['Reporting-Endpoints'])
      : [`add_header Reporting-Endpoints ${VARIABLES[2]} always;`]),
    'add_header X-Content-Type-Options "nosniff" always;',
    'add_header Referrer-Policy "strict-origin-when-cross-origin" always;',
    'add_header Strict-Transport-Security "max-age=31536000" always;',
  ]);
}

const VARIABLES = [
  '$ofitec_csp_enforced',
  '$ofitec_csp_report_only',
  '$ofitec_csp_endpoints',
] as const;

/**
 * For a percentage: the same visitor, told by address and browser, always falls on the same side.
 * To include once, in `http`; nginx sends no header whose value is empty. Without a percentage it says
 * nothing.
 */
export function nginxSplit(emission: Emission, comment: string): string {
  if (emission.enforced === null || emission.percent === 100) return lines(comment, []);
  const strict = headersOf(emission);
  const watched = watchedHeadersOf(emission);
  const names = [
    'Content-Security-Policy',
    'Content-Security-Policy-Report-Only',
    'Reporting-Endpoints',
  ] as const;
  return lines(
    comment,
    names.flatMap((name, index) => [
      `split_clients "$remote_addr$http_user_agent" ${VARIABLES[index]} {`,
      `  ${emission.percent}% ${quoted(strict[name] ?? '')};`,
      `  * ${quoted(watched[name] ?? '')};`,
      '}',
    ]),
  );
}

function lines(comment: string, all: readonly string[]): string {
  return `${[comment.replaceAll(/^/gm, '# '), ...all].join('\n')}\n`;
}

/**
 * nginx has no way to write a dollar sign inside a value.
 *
 * @throws Error when there is one
 */
function quoted(value: string): string {
  if (value.includes('$'))
    throw new Error(`nginx cannot send a header with a dollar sign: ${value}`);
  return `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
