import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Database, Records, runAsHouse } from '#kernel';
import { OWN_APP } from '../app/app.entity.js';
import { lintHeaders, lintPolicy } from '../csp/lint.js';
import type { Finding } from '../csp/lint.js';
import { readPolicy } from '../csp/policy-text.js';
import { Policy } from '../policy/policy.entity.js';
import { headersOf, watchedHeadersOf } from './emission.js';
import type { Emission, EmittedHeaders, SentPolicy } from './emission.js';
import { OWN_POLICY } from './own-policy.js';
import { TARGETS } from './target.js';
import type { EmittedFile, Target } from './target.js';

export interface EmitOptions {
  readonly target: Target;
  readonly app: string;
  /** Before the path of the collector: `https://erp.example`, or nothing for the pages' origin. */
  readonly base: string;
  /** False for pages on plain http, as in development: then only `report-uri` is sent. */
  readonly secure: boolean;
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

  /** @throws Error for an unknown app, or when what would be sent silences reports */
  async emit({ target, ...options }: EmitOptions): Promise<Emitted> {
    const emission = { ...options, ...(await this.approved(options.app)) };
    const { enforced, reportOnly } = emission;
    if (enforced === null && reportOnly === null) {
      throw new Error(`No policy of ${emission.app} is observed or enforced yet.`);
    }
    const all = [headersOf(emission), watchedHeadersOf(emission)];
    const findings = all.flatMap((headers) => lint(headers, emission.secure));
    const errors = findings.filter(({ severity }) => severity === 'error');
    if (errors.length > 0) {
      throw new Error(
        `This would not work: ${[...new Set(errors.map(({ en }) => en))].join('; ')}`,
      );
    }
    const warnings = findings.filter(
      ({ en }, index) => findings.findIndex((other) => other.en === en) === index,
    );
    return { files: TARGETS[target](emission), emission, warnings };
  }

  /** Writes the files below a folder, each at once and whole; a file without content is removed. */
  async write(folder: string, files: readonly EmittedFile[]): Promise<void> {
    for (const { path, text } of files) {
      const whole = join(folder, path);
      if (text === null) {
        await rm(whole, { force: true });
        continue;
      }
      await mkdir(dirname(whole), { recursive: true });
      await writeFile(`${whole}.new`, text);
      await rename(`${whole}.new`, whole);
    }
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
    const [newest, previous] = policies.filter(({ state }) => state === 'enforcing');
    const watched = policies.find(
      ({ state, number }) =>
        ['report-only', 'candidate', 'rolled-back'].includes(state) &&
        number > (newest?.number ?? 0),
    );
    demandNoNonces(app, [newest, previous, watched]);
    return {
      enforced: newest ? sent(newest) : null,
      percent: newest?.percent ?? 100,
      previous: previous ? sent(previous) : null,
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

/** A nonce is another one in every answer: what a server in front sends would be worth nothing. */
function demandNoNonces(app: string, policies: readonly (Policy | undefined)[]): void {
  const [first] = policies.flatMap((policy) => policy?.nonces ?? []);
  if (first === undefined) return;
  throw new Error(`${first} of ${app} needs nonces, which only the application itself can send.`);
}

function sent({ number, text }: Policy): SentPolicy {
  return { version: number, policy: readPolicy(text).policy };
}

function lint(headers: EmittedHeaders, secure: boolean): readonly Finding[] {
  const enforced = headers['Content-Security-Policy'];
  const reportOnly = headers['Content-Security-Policy-Report-Only'];
  return [
    ...[enforced, reportOnly].flatMap((text) => (text === null ? [] : lintPolicy(text))),
    ...lintHeaders({
      ...(enforced === null ? {} : { enforced }),
      ...(reportOnly === null ? {} : { reportOnly }),
      reportingEndpoints: headers['Reporting-Endpoints'] ?? '',
      secure,
    }),
  ];
}
