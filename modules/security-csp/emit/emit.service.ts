import { Injectable } from '@nestjs/common';
import { Database, Records, runAsHouse } from '#kernel';
import { OWN_APP } from '../app/app.entity.js';
import { lintHeaders, lintPolicy, staticNonce } from '../csp/lint.js';
import type { Finding } from '../csp/lint.js';
import { readPolicy } from '../csp/policy-text.js';
import { Policy } from '../policy/policy.entity.js';
import { headersOf, NONCE, unwatchedOf, watchedHeadersOf, watchedOf } from './emission.js';
import type { Emission, EmittedHeaders, SentPolicy } from './emission.js';
import { OWN_POLICY } from './own-policy.js';
import { isSplit, TARGETS } from './target.js';
import type { EmittedFile, Target } from './target.js';

export interface EmitOptions {
  readonly target: Target;
  readonly app: string;
  /** Before the path of the collector: `https://erp.example`, or nothing for the pages' origin. */
  readonly base: string;
  /** False for pages on plain http, as in development: then only `report-uri` is sent. */
  readonly secure: boolean;
  /** For Traefik: the service that answers, before which visitors are shared out. */
  readonly service?: string | null;
}

export interface Emitted {
  readonly files: readonly EmittedFile[];
  readonly emission: Emission;
  readonly warnings: readonly Finding[];
}

/** Writes what the servers in front send, from the approved policies of an app. */
@Injectable()
export class EmitService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
  ) {}

  /** @throws Error for an unknown app, or when what would be sent silences reports or protects nobody */
  async emit({ target, app, base, secure, service = null }: EmitOptions): Promise<Emitted> {
    const approved = { app, base, secure, ...(await this.approved(app)) };
    if (approved.enforced === null && approved.reportOnly === null) {
      throw new Error(`No policy of ${approved.app} is observed or enforced yet.`);
    }
    if (target === 'traefik' && service === null && isSplit(approved)) {
      throw new Error(
        'Traefik shares visitors out before a service: name the one that answers, --service erp.',
      );
    }
    const { emission, warnings } = target === 'helmet' ? said(approved) : demandStatic(approved);
    const sides = [emission, ...(isSplit(emission) ? [watchedOf(emission)] : [])];
    const findings = [
      ...[headersOf(emission), watchedHeadersOf(emission)].flatMap((headers) =>
        lint(headers, emission.secure),
      ),
      ...sides.flatMap(unwatchedOf),
      ...warnings,
    ];
    const errors = findings.filter(({ severity }) => severity === 'error');
    if (errors.length > 0) {
      throw new Error(
        `This would not work: ${[...new Set(errors.map(({ en }) => en))].join('; ')}`,
      );
    }
    const told = findings.filter(
      ({ en }, index) => findings.findIndex((other) => other.en === en) === index,
    );
    return { files: TARGETS[target](emission, service), emission, warnings: told };
  }

  private async approved(
    app: string,
  ): Promise<Pick<Emission, 'enforced' | 'percent' | 'reportOnly' | 'previous'>> {
    const [found] = await this.database.rowsWithoutCompany<{ id: string; companyId: string }>(
      'SELECT id, company_id AS "companyId" FROM security_csp_find_app($1)',
      [app],
    );
    const policies = found ? await this.policiesOf(found.companyId, found.id) : [];
    if (policies.length === 0 && app === OWN_APP) {
      return { enforced: OWN_POLICY, percent: 100, reportOnly: null, previous: null };
    }
    if (!found) throw new Error(`There is no app ${app}.`);
    const enforcing = policies.filter(({ state }) => state === 'enforcing');
    const whole = enforcing.find(({ percent }) => percent === 100);
    const part = enforcing.find(({ percent }) => percent < 100);
    const newest = part ?? whole;
    const later = policies.filter(({ number }) => number > (newest?.number ?? 0));
    const watched =
      later.find(({ state }) => state === 'report-only' || state === 'candidate') ??
      later.find(({ state }) => state === 'rolled-back');
    return {
      enforced: newest ? sent(newest) : null,
      percent: newest?.percent ?? 100,
      previous: part && whole ? sent(whole) : null,
      reportOnly: watched ? sent(watched) : null,
    };
  }

  /** The newest first. */
  private async policiesOf(companyId: string, appId: string): Promise<Policy[]> {
    const all = await runAsHouse(companyId, 'ofitec csp emit', () =>
      this.database.transaction(() => this.records.all(Policy, { appId })),
    );
    return all
      .filter(({ state }) => state !== 'draft' && state !== 'superseded')
      .sort((a, b) => b.number - a.number);
  }
}

interface Sayable {
  readonly emission: Emission;
  readonly warnings: readonly Finding[];
}

function said(emission: Emission): Sayable {
  return { emission, warnings: [] };
}

/**
 * What a server in front can send. A nonce is another one in every answer, which no file can say: what is
 * enforced must do without, and what is only watched is left out beside what is enforced.
 *
 * @throws Error for what is enforced, or watched alone, with nonces
 */
function demandStatic(emission: Emission): Sayable {
  const { app, enforced, previous, reportOnly } = emission;
  const alone = enforced === null ? reportOnly : null;
  for (const each of [enforced, previous, alone]) {
    const [directive] = each?.nonces ?? [];
    if (each && directive !== undefined) {
      throw new Error(
        `Version ${each.version} of ${app} needs --target helmet. ${staticNonce(directive).en}`,
      );
    }
  }
  const [directive] = reportOnly?.nonces ?? [];
  if (!reportOnly || directive === undefined) return said(emission);
  const { es, en } = staticNonce(directive);
  const warning = {
    code: 'not-watched',
    severity: 'warning',
    es: `la versión ${reportOnly.version} no se observa: ${es}`,
    en: `version ${reportOnly.version} is not watched: ${en}`,
  } as const;
  return { emission: { ...emission, reportOnly: null }, warnings: [warning] };
}

function sent({ number, text, nonces }: Policy): SentPolicy {
  return { version: number, policy: readPolicy(text).policy, nonces };
}

function lint(headers: EmittedHeaders, secure: boolean): readonly Finding[] {
  const enforced = headers['Content-Security-Policy'];
  const reportOnly = headers['Content-Security-Policy-Report-Only'];
  return [
    ...[enforced, reportOnly].flatMap((text) =>
      text === null ? [] : lintPolicy(text.replaceAll(` ${NONCE}`, '')),
    ),
    ...lintHeaders({
      ...(enforced === null ? {} : { enforced }),
      ...(reportOnly === null ? {} : { reportOnly }),
      reportingEndpoints: headers['Reporting-Endpoints'] ?? '',
      secure,
    }),
  ];
}
