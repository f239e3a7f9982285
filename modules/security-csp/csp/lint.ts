import { DEAD_DIRECTIVES, KNOWN_DIRECTIVES, takesSources } from './directives.js';
import { printPolicy, readPolicies, readPolicy, valuesOf } from './policy-text.js';
import type { Policy } from './policy-text.js';
import { KEYWORDS, readSource } from './source.js';

/** What is wrong with something that is about to be sent to browsers. */
export interface Finding {
  /** Stable, for programs. */
  readonly code: string;
  /** An error would silence reports or protect nothing, and is refused; a warning is told. */
  readonly severity: 'error' | 'warning';
  readonly es: string;
  readonly en: string;
}

/** The headers of one answer. */
export interface Headers {
  readonly enforced?: string;
  readonly reportOnly?: string;
  /** The value of `Reporting-Endpoints`. */
  readonly reportingEndpoints?: string;
  /** Whether pages come by https: without it, `report-to` is not served at all. */
  readonly secure: boolean;
}

function finding(severity: Finding['severity'], code: string, es: string, en: string): Finding {
  return { code, severity, es, en };
}

const error = finding.bind(null, 'error');
const warning = finding.bind(null, 'warning');

/** What is wrong with the text of one policy, wherever it is sent. */
export function lintPolicy(text: string): readonly Finding[] {
  const { policy, faults } = readPolicy(text);
  if (readPolicies(text).length > 1) {
    return [
      error('comma', 'una coma parte la política en dos', 'a comma makes two policies of it'),
    ];
  }
  if (policy.length === 0) {
    return [error('empty', 'la política no dice nada', 'the policy says nothing')];
  }
  return [
    ...faults.map(({ kind, text: found }) =>
      kind === 'repeated'
        ? error(
            'repeated',
            `${found} está dos veces: solo vale la primera`,
            `${found} stands twice: only the first counts`,
          )
        : error(
            'not-ascii',
            `«${found}» no es ASCII y se ignora`,
            `“${found}” is not ASCII and is passed over`,
          ),
    ),
    ...policy.flatMap(({ name, values }) => lintDirective(name, values)),
  ];
}

function lintDirective(name: string, values: readonly string[]): Finding[] {
  const instead = DEAD_DIRECTIVES[name];
  if (instead !== undefined) {
    return [
      warning(
        'dead-directive',
        `${name} ya no hace nada`,
        `${name} does nothing any more: ${instead}`,
      ),
    ];
  }
  if (!KNOWN_DIRECTIVES.includes(name)) {
    const near = nearest(name, KNOWN_DIRECTIVES);
    return [
      error(
        'unknown-directive',
        `${name} no es una directiva (¿${near}?)`,
        `${name} is no directive (${near}?)`,
      ),
    ];
  }
  if (!takesSources(name)) return [];
  return [
    ...values.flatMap((value) => lintSource(name, value)),
    ...(values.length > 1 && values.some((value) => value.toLowerCase() === "'none'")
      ? [
          warning(
            'none-with-others',
            `${name}: 'none' no vale junto a otras fuentes`,
            `${name}: 'none' does not count beside others`,
          ),
        ]
      : []),
  ];
}

function lintSource(name: string, value: string): Finding[] {
  const source = readSource(value, 'csp3');
  if (source.kind === 'invalid') {
    return [
      error(
        'invalid-source',
        `${name}: «${value}» no es una fuente y se ignora`,
        `${name}: “${value}” is no source and is passed over`,
      ),
    ];
  }
  const bare = value.toLowerCase();
  const quotes = ['self', 'none', ...KEYWORDS].includes(bare) || /^(nonce|sha\d{3})-/.test(bare);
  if (!quotes) return source.kind === 'nonce' ? [staticNonce(name)] : [];
  return [
    error(
      'unquoted',
      `${name}: a ${value} le faltan las comillas simples`,
      `${name}: ${value} lacks its quotes`,
    ),
  ];
}

/** A nonce that stands in a file is the same in every answer: whoever reads one page may use it. */
export function staticNonce(name: string): Finding {
  return error(
    'static-nonce',
    `${name}: un nonce debe ser otro en cada respuesta; solo la propia aplicación puede enviarlo`,
    `${name}: a nonce must be another one in every answer; only the application itself can send it`,
  );
}

/**
 * What is wrong with the headers of an answer: whatever keeps reports from being sent without a
 * word, and headers that speak against each other.
 */
export function lintHeaders(headers: Headers): readonly Finding[] {
  const { enforced, reportOnly, reportingEndpoints = '', secure } = headers;
  const endpoints = readEndpoints(reportingEndpoints);
  return [
    ...[...endpoints].flatMap(([group, url]) => lintEndpoint(group, url)),
    ...(enforced === undefined ? [] : lintReporting(enforced, endpoints, secure, 'enforce')),
    ...(reportOnly === undefined ? [] : lintReporting(reportOnly, endpoints, secure, 'report')),
    ...(enforced !== undefined && reportOnly !== undefined ? lintBoth(enforced, reportOnly) : []),
  ];
}

function lintEndpoint(group: string, url: string): Finding[] {
  if (!/^https?:/i.test(url) && !url.startsWith('/')) {
    return [
      error(
        'bad-endpoint',
        `${group}: ${url} no es una dirección`,
        `${group}: ${url} is no address`,
      ),
    ];
  }
  if (!url.toLowerCase().startsWith('http:')) return [];
  return [
    error(
      'plain-endpoint',
      `${group}: por http sin cifrar ningún navegador envía`,
      `${group}: no browser sends to plain http`,
    ),
  ];
}

function lintReporting(
  text: string,
  endpoints: ReadonlyMap<string, string>,
  secure: boolean,
  disposition: 'enforce' | 'report',
): Finding[] {
  const { policy } = readPolicy(text);
  const [group] = valuesOf(policy, 'report-to') ?? [];
  const uris = valuesOf(policy, 'report-uri');
  return [
    ...(group === undefined ? [] : lintGroup(group, endpoints, secure)),
    ...(uris === undefined ? lintMissing(group, disposition) : secure ? uris.flatMap(lintUri) : []),
    ...(disposition === 'report' ? lintIgnored(policy) : []),
  ];
}

/** Where `report-to` stands, browsers pass over `report-uri` (section 5.5, step 4.1). */
function lintGroup(
  group: string,
  endpoints: ReadonlyMap<string, string>,
  secure: boolean,
): Finding[] {
  if (!secure) {
    return [
      error(
        'report-to-without-https',
        'report-to no funciona en páginas sin https, y apaga report-uri',
        'report-to does not work on pages without https, and switches report-uri off',
      ),
    ];
  }
  if (endpoints.has(group)) return [];
  return [
    error(
      'report-to-without-endpoint',
      `report-to nombra «${group}», que Reporting-Endpoints no tiene: no llega ningún reporte`,
      `report-to names “${group}”, which Reporting-Endpoints lacks: no report is ever sent`,
    ),
  ];
}

function lintMissing(group: string | undefined, disposition: 'enforce' | 'report'): Finding[] {
  if (group !== undefined) {
    return [
      warning(
        'no-report-uri',
        'sin report-uri, los navegadores antiguos no reportan',
        'without report-uri, older browsers report nothing',
      ),
    ];
  }
  const silent = disposition === 'report' ? error : warning;
  return [
    silent(
      'no-reporting',
      'la política no dice adónde reportar',
      'the policy does not say where to report',
    ),
  ];
}

function lintUri(uri: string): Finding[] {
  if (!/^http:/i.test(uri)) return [];
  return [
    error(
      'plain-endpoint',
      `report-uri ${uri}: contenido mixto, el navegador lo bloquea`,
      `report-uri ${uri}: mixed content, which browsers block`,
    ),
  ];
}

/** Directives that a browser ignores when it only reports. */
function lintIgnored(policy: Policy): Finding[] {
  return ['sandbox', 'upgrade-insecure-requests']
    .filter((name) => valuesOf(policy, name) !== undefined)
    .map((name) =>
      warning(
        'ignored-in-report-only',
        `${name} no vale en Report-Only`,
        `${name} does nothing in Report-Only`,
      ),
    );
}

/**
 * Both headers on one page are judged apart. A report-only policy that is looser than the enforced
 * one sees what is blocked already as allowed, and so it teaches nothing.
 */
export function lintBoth(enforced: string, reportOnly: string): readonly Finding[] {
  const [strict, watched] = [enforced, reportOnly].map((text) => readPolicy(text).policy);
  if (!strict || !watched) return [];
  const [one, other] = [strict, watched].map((policy) => printPolicy(withoutReporting(policy)));
  if (one === other) {
    return [
      error('headers-repeat', 'las dos cabeceras dicen lo mismo', 'both headers say the same'),
    ];
  }
  const looser = watched.filter(({ name, values }) => {
    const own = takesSources(name) ? valuesOf(strict, name) : undefined;
    return own !== undefined && values.some((value) => !own.includes(value) && !isNone(value));
  });
  return looser.map(({ name }) =>
    error(
      'headers-contradict',
      `${name}: Report-Only permite lo que la otra cabecera ya bloquea`,
      `${name}: Report-Only allows what the other header blocks already`,
    ),
  );
}

function withoutReporting(policy: Policy): Policy {
  return policy.filter(({ name }) => name !== 'report-uri' && name !== 'report-to');
}

function isNone(value: string): boolean {
  return value.toLowerCase() === "'none'";
}

/** Reads `Reporting-Endpoints`, a dictionary of strings (RFC 8941, section 3.2). */
export function readEndpoints(header: string): ReadonlyMap<string, string> {
  const pairs = header.matchAll(/(?:^|,)\s*([a-z*][a-z0-9_.*-]*)="((?:[^"\\]|\\.)*)"/g);
  return new Map([...pairs].map(([, group = '', url = '']) => [group, url]));
}

/** Of the words, the one that is closest to what was written (Levenshtein's distance). */
export function nearest(written: string, words: readonly string[]): string {
  const ranked = words.map((word) => ({
    word,
    far: distance(written.toLowerCase(), word.toLowerCase()),
  }));
  return ranked.sort((a, b) => a.far - b.far)[0]?.word ?? '';
}

function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
