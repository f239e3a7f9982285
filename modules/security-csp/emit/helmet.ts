import { readPolicy } from '../csp/policy-text.js';
import { headersOf, NONCE, watchedHeadersOf } from './emission.js';
import type { EmittedHeaders, Emission } from './emission.js';

/**
 * Options for helmet (npm) and the header that it does not know; null where JSON cannot say it: a
 * percentage, a nonce, two policies, or none for `default-src`, which helmet takes a symbol for.
 */
export function helmetOptions(emission: Emission): object | null {
  const headers = headersOf(emission);
  const enforced = headers['Content-Security-Policy'];
  const watched = headers['Content-Security-Policy-Report-Only'];
  const text = enforced ?? watched ?? '';
  const { policy } = readPolicy(text);
  const isWhole = emission.enforced === null || emission.percent === 100;
  const isOne = enforced === null || watched === null;
  const hasDefault = policy.some(({ name }) => name === 'default-src');
  if (!isWhole || !isOne || !hasDefault || text.includes(NONCE)) return null;
  const directives = policy.map(({ name, values }) => [name, values]);
  return {
    helmet: {
      contentSecurityPolicy: {
        useDefaults: false,
        reportOnly: enforced === null,
        directives: Object.fromEntries(directives) as object,
      },
    },
    headers: { 'Reporting-Endpoints': headers['Reporting-Endpoints'] },
  };
}

/**
 * Middleware for Express and for plain `node:http`, as a module: a nonce of its own for every answer,
 * both headers, and a percentage.
 */
export function helmetModule(emission: Emission, comment: string): string {
  const percent = emission.enforced === null ? 0 : emission.percent;
  return `${comment.replaceAll(/^/gm, '// ')}
import { createHash, randomBytes } from 'node:crypto';
import helmet from 'helmet';

const policy = helmet.contentSecurityPolicy;
const none = policy.dangerouslyDisableDefaultSrc;
const nonce = (_request, response) => \`'nonce-\${response.locals.cspNonce}'\`;

/** How many of a hundred visitors get the strict one; the same visitor always falls on the same side. */
const PERCENT = ${percent};
const STRICT = ${side(headersOf(emission))};
const WATCHED = ${side(watchedHeadersOf(emission))};

function isStrict(request) {
  const visitor = \`\${request.ip ?? request.socket.remoteAddress} \${request.headers['user-agent']}\`;
  return createHash('sha256').update(visitor).digest().readUInt32BE() % 100 < PERCENT;
}

/** Pages write \`nonce="…"\` with \`response.locals.cspNonce\`; no cache may keep what has one. */
export default function security(request, response, next) {
  response.locals ??= {};
  response.locals.cspNonce = randomBytes(16).toString('base64');
  const { endpoints, policies } = isStrict(request) ? STRICT : WATCHED;
  if (endpoints !== null) response.setHeader('Reporting-Endpoints', endpoints);
  const turn = (index) => (error) => {
    if (error || index === policies.length) return next(error);
    return policies[index](request, response, turn(index + 1));
  };
  turn(0)();
}
`;
}

function side(headers: EmittedHeaders): string {
  const policies = (['Content-Security-Policy', 'Content-Security-Policy-Report-Only'] as const)
    .map((name) => ({ text: headers[name], isReportOnly: name.endsWith('Report-Only') }))
    .flatMap(({ text, isReportOnly }) => (text === null ? [] : [middleware(text, isReportOnly)]));
  const endpoints = JSON.stringify(headers['Reporting-Endpoints']);
  return `{\n  endpoints: ${endpoints},\n  policies: [\n${policies.join('\n')}\n  ],\n}`;
}

function middleware(text: string, isReportOnly: boolean): string {
  const { policy } = readPolicy(text);
  const lines = policy.map(
    ({ name, values }) => `        '${name}': [${values.map(value).join(', ')}],`,
  );
  if (policy.every(({ name }) => name !== 'default-src'))
    lines.push("        'default-src': none,");
  return [
    `    policy({ useDefaults: false, reportOnly: ${isReportOnly}, directives: {`,
    ...lines,
    '    } }),',
  ].join('\n');
}

function value(text: string): string {
  return text === NONCE ? 'nonce' : JSON.stringify(text);
}
