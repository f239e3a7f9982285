import { stringify } from 'yaml';
import { lintHeaders, lintPolicy, nearest } from '../csp/lint.js';
import type { Finding } from '../csp/lint.js';
import type { EmittedHeaders, Emission } from './emission.js';

/** What Traefik 3's middleware `headers` knows; for any other key it loads no file of the folder. */
const HEADERS_KEYS = [
  ...['customRequestHeaders', 'customResponseHeaders', 'accessControlAllowCredentials'],
  ...['accessControlAllowHeaders', 'accessControlAllowMethods', 'accessControlAllowOriginList'],
  ...['accessControlAllowOriginListRegex', 'accessControlExposeHeaders', 'accessControlMaxAge'],
  ...['addVaryHeader', 'allowedHosts', 'hostsProxyHeaders', 'sslProxyHeaders', 'stsSeconds'],
  ...['stsIncludeSubdomains', 'stsPreload', 'forceSTSHeader', 'frameDeny'],
  ...['customFrameOptionsValue', 'contentTypeNosniff', 'browserXssFilter'],
  ...['customBrowserXSSValue', 'contentSecurityPolicy', 'contentSecurityPolicyReportOnly'],
  ...['publicKey', 'referrerPolicy', 'permissionsPolicy', 'isDevelopment'],
];

/** Names that routers of the operator's use. */
const REPORT_ONLY = 'csp-report-only';
const STRICT = 'strict-security';

const YEAR_SECONDS = 31_536_000;

/** The middleware that only watches, as a file of Traefik's file provider. */
export function traefikReportOnly(headers: EmittedHeaders): object {
  const policy = headers['Content-Security-Policy-Report-Only'];
  const before = headers['Content-Security-Policy'];
  return middleware(REPORT_ONLY, {
    ...(before === null ? {} : { contentSecurityPolicy: before }),
    ...(policy === null ? {} : { contentSecurityPolicyReportOnly: policy }),
    ...endpoints(headers),
  });
}

/**
 * The middleware that enforces, with the other headers that go with it. While nothing is enforced it is
 * there and only watches: a router that names a middleware which is gone serves nothing at all.
 */
export function traefikStrict(headers: EmittedHeaders): object {
  const policy = headers['Content-Security-Policy'];
  const watched = headers['Content-Security-Policy-Report-Only'];
  return middleware(STRICT, {
    ...(policy === null ? {} : { contentSecurityPolicy: policy }),
    ...(watched === null ? {} : { contentSecurityPolicyReportOnly: watched }),
    contentTypeNosniff: true,
    referrerPolicy: 'strict-origin-when-cross-origin',
    stsSeconds: YEAR_SECONDS,
    ...endpoints(headers),
  });
}

/** The service that routers name; from which of its two sides an answer comes is a matter of weights. */
const SPLIT = 'csp-split';

/**
 * Services that share visitors out, before a service of the operator's: WRR by weight, a cookie that keeps
 * a visitor on a side. The cookie's name changes with the percentage, so that all are shared out anew.
 * Middlewares of services need Traefik 3.7; older ones load no file of the folder.
 *
 * @param service the one that answers, `erp` or `erp@docker`
 */
export function traefikSplit({ enforced, percent, secure }: Emission, service: string): object {
  const strict = enforced === null ? 0 : percent;
  const sides = [
    { name: 'csp-strict', weight: strict },
    { name: 'csp-watched', weight: 100 - strict },
  ];
  const name = `ofitec_csp_${enforced?.version ?? 0}_${percent}`;
  const sticky = { cookie: { name, httpOnly: true, sameSite: 'lax', secure } };
  // An object of its own each time: YAML would write the second as a reference to the first.
  const behind = (): object => ({ weighted: { services: [{ name: service, weight: 1 }] } });
  return {
    http: {
      services: {
        [SPLIT]: {
          weighted: {
            services: sides.filter(({ weight }) => weight > 0),
            ...(strict === 0 || strict === 100 ? {} : { sticky }),
          },
        },
        'csp-strict': { middlewares: [STRICT], ...behind() },
        'csp-watched': { middlewares: [REPORT_ONLY], ...behind() },
      },
    },
  };
}

function endpoints(headers: EmittedHeaders): object {
  const text = headers['Reporting-Endpoints'];
  return text === null ? {} : { customResponseHeaders: { 'Reporting-Endpoints': text } };
}

function middleware(name: string, headers: object): object {
  return { http: { middlewares: { [name]: { headers } } } };
}

/** Writes such a file, each policy on one line, as Traefik sends it. */
export function printTraefik(document: object, comment: string): string {
  const text = stringify(document, {
    lineWidth: 0,
    defaultStringType: 'QUOTE_DOUBLE',
    defaultKeyType: 'PLAIN',
  });
  return `${comment.replaceAll(/^/gm, '# ')}\n${text}`;
}

/**
 * What is wrong with a file of Traefik's: keys that it does not know, for which it loads no file of
 * the folder and says one line in its log, and headers that would silence reports.
 *
 * @param document the file, read as YAML
 */
export function lintTraefik(document: unknown): readonly Finding[] {
  const http = part(part(document, 'http'), 'middlewares');
  return Object.entries(isMap(http) ? http : {}).flatMap(([name, middleware]) => {
    const headers = part(middleware, 'headers');
    return isMap(headers) ? lintMiddleware(name, headers) : [];
  });
}

function lintMiddleware(name: string, headers: Readonly<Record<string, unknown>>): Finding[] {
  const known = HEADERS_KEYS.map((key) => key.toLowerCase());
  const unknown = Object.keys(headers).filter((key) => !known.includes(key.toLowerCase()));
  const read = (key: string): string | undefined => {
    const found = Object.entries(headers).find(
      ([each]) => each.toLowerCase() === key.toLowerCase(),
    );
    return typeof found?.[1] === 'string' ? found[1] : undefined;
  };
  const custom = part(headers, 'customResponseHeaders');
  const sent = Object.entries(isMap(custom) ? custom : {}).map(
    ([header, value]) => [header.toLowerCase(), String(value)] as const,
  );
  const customs = new Map(sent);
  const enforced = read('contentSecurityPolicy') ?? customs.get('content-security-policy');
  const reportOnly =
    read('contentSecurityPolicyReportOnly') ?? customs.get('content-security-policy-report-only');
  const reportingEndpoints = customs.get('reporting-endpoints') ?? '';
  const policies = [enforced, reportOnly].filter((text) => text !== undefined);
  return [
    ...unknown.map((key) => unknownKey(name, key)),
    ...policies.flatMap(lintPolicy),
    ...lintHeaders({
      ...(enforced === undefined ? {} : { enforced }),
      ...(reportOnly === undefined ? {} : { reportOnly }),
      reportingEndpoints,
      secure: true,
    }),
  ];
}

function unknownKey(name: string, key: string): Finding {
  const near = nearest(key, HEADERS_KEYS);
  return {
    code: 'unknown-traefik-key',
    severity: 'error',
    es: `${name}: Traefik no conoce «${key}» (¿${near}?) y no carga ningún archivo de la carpeta`,
    en: `${name}: Traefik knows no “${key}” (${near}?) and loads no file of the folder`,
  };
}

function part(document: unknown, key: string): unknown {
  return isMap(document) ? document[key] : undefined;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
